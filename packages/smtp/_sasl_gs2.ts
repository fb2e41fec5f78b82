/** A name inside a GS2 header or a SCRAM message (RFC 5802 section 5.1), where commas separate. */
export const escapeName = (name: string): string => name.replaceAll("=", "=3D").replaceAll(",", "=2C");

/** The name that {@linkcode escapeName} was given; undefined if it is empty or has another `=`. */
export const unescapeName = (text: string): string | undefined =>
  /^(?:[^=,]|=2C|=3D)+$/.test(text) ? text.replaceAll("=2C", ",").replaceAll("=3D", "=") : undefined;
