/** The Castagnoli polynomial, lowest bit first. */
const polynomial = 0x82f63b78;

/** CRC32c (RFC 9260, appendix A). */
export const crc32c = (octets: Uint8Array): number => {
  let crc = ~0;
  for (const octet of octets) {
    crc ^= octet;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? polynomial : 0);
  }
  return ~crc >>> 0;
};
