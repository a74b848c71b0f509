/** Dates and sizes as people read them, in the language in use. */

import { language } from "./texts.js";

const LOCALES = { sv: "sv-SE", en: "en-GB" };
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const STEP = 1000;

/** A day: 3 december 2026. `instant` is an ISO text or a Date. */
export function day(instant) {
  return new Intl.DateTimeFormat(LOCALES[language()], { dateStyle: "long" }).format(new Date(instant));
}

/** A day and a time: 3 december 2026 kl. 14:05. */
export function moment(instant) {
  const style = { dateStyle: "long", timeStyle: "short" };
  return new Intl.DateTimeFormat(LOCALES[language()], style).format(new Date(instant));
}

/** A size: 12,4 MB. */
export function size(bytes) {
  let value = bytes;
  let unit = 0;
  while (value >= STEP && unit < UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  const digits = unit < 2 || value >= 100 ? 0 : 1;
  // Rounded down: a limit that is shown must not be larger than the one that holds.
  const shown = Math.floor(value * 10 ** digits) / 10 ** digits;
  const options = { style: "unit", unit: UNITS[unit], unitDisplay: "short", maximumFractionDigits: digits };
  return new Intl.NumberFormat(LOCALES[language()], options).format(shown);
}
