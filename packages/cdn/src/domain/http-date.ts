/** Dates of HTTP in their three forms (RFC 9110, section 5.6.7), names in any case, everything else to the letter. */

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

const IMF = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const RFC850 = /^(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday), (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

/**
 * Milliseconds since the epoch; undefined for text that is no HTTP date.
 * @param nowMs decides the century of a two-digit year: one more than 50 years ahead is in the past.
 */
export function parseHttpDate(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  let found = IMF.exec(text);
  if (found !== null) return timeOf(Number(found[3]), found[2]!, found[1]!, found[4]!, found[5]!, found[6]!);
  found = RFC850.exec(text);
  if (found !== null) {
    const thisYear = new Date(nowMs).getUTCFullYear();
    let year = Math.floor(thisYear / 100) * 100 + Number(found[3]);
    if (year > thisYear + 50) year -= 100;
    return timeOf(year, found[2]!, found[1]!, found[4]!, found[5]!, found[6]!);
  }
  found = ASCTIME.exec(text);
  if (found !== null) return timeOf(Number(found[6]), found[1]!, found[2]!, found[3]!, found[4]!, found[5]!);
  return undefined;
}

function timeOf(year: number, month: string, day: string, hours: string, minutes: string, seconds: string): number | undefined {
  const monthIndex = MONTHS.indexOf(month.toLowerCase());
  const [d, h, m, s] = [Number(day), Number(hours), Number(minutes), Number(seconds)];
  if (monthIndex < 0 || d < 1 || d > 31 || h > 23 || m > 59 || s > 60) return undefined;
  return Date.UTC(year, monthIndex, d, h, m, s);
}
