/**
 * Cron expressions of EventBridge: `minutes hours day-of-month month day-of-week year`, with `, - * / ? L W #`.
 * Source: EventBridge User Guide, "Cron expressions".
 */

/** A compiled expression. */
export interface Cron {
  /** The first time after the given one, milliseconds; undefined when there is none. Whole minutes. */
  next(afterMs: number): number | undefined;
}

type DayRule = (year: number, month: number, day: number) => boolean;

const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
const lastYear = 2199;

/**
 * Compiles the inside of `cron(...)`.
 * @param timeZone an IANA name; UTC unless told. A time that daylight saving skips is left out, one that comes twice counts once.
 * @returns undefined for what is no such expression.
 */
export function compileCron(expression: string, timeZone = "UTC"): Cron | undefined {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== 6) return undefined;
  const [minutes, hours, dayOfMonth, months, dayOfWeek, years] = fields as [string, string, string, string, string, string];
  // One of the two says which days, the other has to keep quiet.
  if ((dayOfMonth === "?") === (dayOfWeek === "?")) return undefined;
  const minute = values(minutes, 0, 59);
  const hour = values(hours, 0, 23);
  const month = values(months, 1, 12, monthNames);
  const year = values(years, 1970, lastYear);
  const days = dayOfMonth === "?" ? weekDays(dayOfWeek) : monthDays(dayOfMonth);
  if (minute === undefined || hour === undefined || month === undefined || year === undefined || days === undefined) return undefined;
  const zone = zoneOf(timeZone);
  if (zone === undefined) return undefined;

  return {
    next: (afterMs) => {
      const start = zone.local(afterMs - (afterMs % 60_000) + 60_000);
      for (const aYear of year) {
        if (aYear < start.year) continue;
        for (const aMonth of month) {
          if (aYear === start.year && aMonth < start.month) continue;
          const length = daysIn(aYear, aMonth);
          const firstDay = aYear === start.year && aMonth === start.month ? start.day : 1;
          for (let day = firstDay; day <= length; day++) {
            if (!days(aYear, aMonth, day)) continue;
            for (const anHour of hour) {
              for (const aMinute of minute) {
                const ms = zone.utc(aYear, aMonth, day, anHour, aMinute);
                if (ms !== undefined && ms > afterMs) return ms;
              }
            }
          }
        }
      }
      return undefined;
    },
  };
}

/** The values of a field, in order; undefined for what is none. */
function values(field: string, min: number, max: number, names: readonly string[] = []): number[] | undefined {
  const found = new Set<number>();
  const number = (text: string): number | undefined => {
    const named = names.indexOf(text.toUpperCase());
    const value = named >= 0 ? named + min : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };
  for (const part of field.split(",")) {
    const [range, step, more] = part.split("/") as [string, string | undefined, string | undefined];
    if (more !== undefined || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return undefined;
    let from: number | undefined = min;
    let to: number | undefined = max;
    if (range !== "*") {
      const [low, high, extra] = range.split("-") as [string, string | undefined, string | undefined];
      if (extra !== undefined) return undefined;
      from = number(low);
      to = high !== undefined ? number(high) : step === undefined ? from : max;
    }
    if (from === undefined || to === undefined) return undefined;
    // FRI-MON goes over the end.
    const span = to >= from ? to - from : max - min + 1 - (from - to);
    for (let offset = 0; offset <= span; offset += Number(step ?? 1)) found.add(((from - min + offset) % (max - min + 1)) + min);
  }
  return [...found].sort((a, b) => a - b);
}

function monthDays(field: string): DayRule | undefined {
  if (field === "L") return (year, month, day) => day === daysIn(year, month);
  if (field === "LW") return (year, month, day) => day === nearestWeekday(year, month, daysIn(year, month));
  const weekday = /^(\d{1,2})W$/.exec(field);
  if (weekday !== null) {
    const wanted = Number(weekday[1]);
    return wanted >= 1 && wanted <= 31 ? (year, month, day) => wanted <= daysIn(year, month) && day === nearestWeekday(year, month, wanted) : undefined;
  }
  const days = values(field, 1, 31);
  if (days === undefined) return undefined;
  const set = new Set(days);
  return (_year, _month, day) => set.has(day);
}

function weekDays(field: string): DayRule | undefined {
  const single = (text: string): number | undefined => values(text, 1, 7, dayNames)?.[0];
  if (field === "L") return (year, month, day) => weekdayOf(year, month, day) === 7;
  const last = /^(\w{1,3})L$/.exec(field);
  if (last !== null) {
    const wanted = single(last[1]!);
    return wanted === undefined ? undefined : (year, month, day) => weekdayOf(year, month, day) === wanted && day + 7 > daysIn(year, month);
  }
  const nth = /^(\w{1,3})#([1-5])$/.exec(field);
  if (nth !== null) {
    const wanted = single(nth[1]!);
    return wanted === undefined ? undefined : (year, month, day) => weekdayOf(year, month, day) === wanted && Math.ceil(day / 7) === Number(nth[2]);
  }
  const days = values(field, 1, 7, dayNames);
  if (days === undefined) return undefined;
  const set = new Set(days);
  return (year, month, day) => set.has(weekdayOf(year, month, day));
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** 1 is Sunday, 7 is Saturday. */
function weekdayOf(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

/** The Monday to Friday that is nearest to a day, within its month. */
function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = weekdayOf(year, month, day);
  if (weekday === 7) return day > 1 ? day - 1 : day + 2;
  if (weekday === 1) return day < daysIn(year, month) ? day + 1 : day - 2;
  return day;
}

interface Zone {
  local(ms: number): { year: number; month: number; day: number };
  /** Undefined for a local time that does not exist. */
  utc(year: number, month: number, day: number, hour: number, minute: number): number | undefined;
}

/** Whether there is a time zone of that IANA name. */
export function isTimeZone(name: string): boolean {
  return zoneOf(name) !== undefined;
}

/** A time zone by its IANA name; undefined when there is none of that name. */
export function zoneOf(name: string): Zone | undefined {
  if (name === "UTC") {
    return {
      local: (ms) => {
        const date = new Date(ms);
        return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      },
      utc: (year, month, day, hour, minute) => Date.UTC(year, month - 1, day, hour, minute),
    };
  }
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" });
  } catch {
    return undefined;
  }
  const local = (ms: number): { year: number; month: number; day: number; hour: number; minute: number } => {
    const parts: { [type: string]: number } = {};
    for (const { type, value } of format.formatToParts(new Date(ms))) parts[type] = Number(value);
    return { year: parts.year!, month: parts.month!, day: parts.day!, hour: parts.hour!, minute: parts.minute! };
  };
  return {
    local,
    utc: (year, month, day, hour, minute) => {
      const wanted = Date.UTC(year, month - 1, day, hour, minute);
      // The offset at the wanted time differs from that at the guess only around a change of clocks.
      for (const guess of [wanted, wanted - 86_400_000, wanted + 86_400_000]) {
        const seen = local(guess);
        const candidate = wanted - (Date.UTC(seen.year, seen.month - 1, seen.day, seen.hour, seen.minute) - guess);
        const found = local(candidate);
        if (found.year === year && found.month === month && found.day === day && found.hour === hour && found.minute === minute) return candidate;
      }
      return undefined;
    },
  };
}
