const UNIT_NS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1000n],
  ['µs', 1000n],
  ['μs', 1000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** Go's durations are 64-bit nanoseconds. */
const LIMIT_NS = 2n ** 63n;

/**
 * Parses a duration in Go's notation (`1h30m`, `90s`, `1.5s`) to milliseconds, exact to the nanosecond.
 * @throws RangeError with Go's wording, because fluxd's flag errors quote it.
 */
export function parseDuration(text: string): number {
  const invalid = () => new RangeError(`time: invalid duration ${goQuote(text)}`);
  const negative = text.startsWith('-');
  const unsigned = text.replace(/^[+-]/, '');
  if (unsigned === '0') return 0;
  if (unsigned === '') throw invalid();
  let total = 0n;
  const part = /(?=\.?\d)(\d*)(?:\.(\d*))?([^\d.]*)/y;
  while (part.lastIndex < unsigned.length) {
    const match = part.exec(unsigned);
    if (!match) throw invalid();
    const [, whole = '', fraction = '', unit = ''] = match;
    if (whole.replace(/^0+/, '').length > 19) throw invalid();
    if (unit === '') throw new RangeError(`time: missing unit in duration ${goQuote(text)}`);
    const scale = UNIT_NS.get(unit);
    if (scale === undefined) throw new RangeError(`time: unknown unit ${goQuote(unit)} in duration ${goQuote(text)}`);
    // In floating point with at most 19 digits, as in Go; truncated to nanoseconds.
    const digits = fraction.slice(0, 19);
    total += BigInt(whole) * scale + BigInt(Math.trunc(Number(digits) * (Number(scale) / 10 ** digits.length)));
    if (total > LIMIT_NS) throw invalid();
  }
  if (total === LIMIT_NS && !negative) throw invalid();
  return Number(negative ? -total : total) / 1e6;
}

/** Errors show only the beginning of a longer text. */
const MAX_QUOTED = 1000;

/** Quotes as Go's time package does in errors: every non-ASCII byte as `\xNN`. */
function goQuote(text: string): string {
  const bytes = Array.from(Buffer.from(text.slice(0, MAX_QUOTED)), (byte) => {
    if (byte < 0x20 || byte > 0x7f) return `\\x${byte.toString(16).padStart(2, '0')}`;
    const char = String.fromCharCode(byte);
    return char === '"' || char === '\\' ? `\\${char}` : char;
  });
  return `"${bytes.join('')}"`;
}
