const pattern = /^(\d{4})-(\d{2})-(\d{2})T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?Z$/;

/** Whether it is a date and time in UTC that the calendar has (RFC 3339 section 5.6). A minute may have a leap second. */
export const isDateTime = (text: string): boolean => {
  const found = pattern.exec(text);
  if (found === null) return false;
  const month = Number(found[2]);
  const date = new Date(0);
  date.setUTCFullYear(Number(found[1]), month - 1, Number(found[3]));
  // A day that its month does not have is one of another month.
  return date.getUTCMonth() === month - 1;
};
