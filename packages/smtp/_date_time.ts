const pattern = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?Z$/;

/** Whether it is a date and time in UTC that the calendar has (RFC 3339 section 5.6). A minute may have a leap second. */
export const isDateTime = (text: string): boolean => {
  const found = pattern.exec(text);
  if (found === null) return false;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that its month does not have is one of another month.
  return date.getUTCMonth() === month - 1 && hour < 24 && minute < 60 && second <= 60;
};
