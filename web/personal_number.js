/**
 * Personal numbers, checked while they are typed. The same rule as the service's, which has the last word:
 * twelve digits, Luhn over the last ten, a real date; a samordningsnummer has 60 added to its day.
 */

/** Spaces anywhere, and one hyphen in its place, are tolerated. */
const FORM = /^((?:18|19|20)[0-9]{6})-?([0-9]{4})$/;
const COORDINATION_DAY = 60;

/** `{ digits }` when the number is right, otherwise `{ fault }`: `form`, `check-digit` or `date`. */
export function readPersonalNumber(text, today = new Date()) {
  const found = FORM.exec(text.replaceAll(" ", ""));
  if (found === null) return { fault: "form" };
  const digits = found[1] + found[2];
  if (luhn(digits.slice(2)) % 10 !== 0) return { fault: "check-digit" };
  const [year, month, date] = [Number(digits.slice(0, 4)), Number(digits.slice(4, 6)), Number(digits.slice(6, 8))];
  const isPossible = date >= COORDINATION_DAY ? coordination : calendar;
  return isPossible(year, month, date, today) ? { digits } : { fault: "date" };
}

/** The date of birth and four asterisks. */
export function masked(digits) {
  return `${digits.slice(0, 8)}-****`;
}

/** Official coordination numbers exist with month 00 and with days that no calendar has. */
function coordination(year, month, date, today) {
  return month <= 12 && date <= COORDINATION_DAY + 31 && year <= today.getUTCFullYear();
}

function calendar(year, month, date, today) {
  const born = new Date(Date.UTC(year, month - 1, date));
  return born.getUTCMonth() === month - 1 && born.getUTCDate() === date && born <= today;
}

function luhn(tenDigits) {
  let total = 0;
  for (const [index, character] of [...tenDigits].entries()) {
    const product = Number(character) * (index % 2 === 0 ? 2 : 1);
    total += product > 9 ? product - 9 : product;
  }
  return total;
}
