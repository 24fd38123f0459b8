/** Decimal suffixes as powers of 1000, binary ones as powers of 1024. */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d+)|(n|u|m|k|[KMGTPE]i?)?)$/;

/**
 * A resource quantity in Kubernetes' canonical form ("0.5" → "500m", "1000m" → "1", "1024Ki" → "1Mi"); undefined if invalid.
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function canonicalQuantity(text: string): string | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentMark, exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  if (suffix === 'K' || suffix === 'i') return undefined;
  const digits = BigInt(whole + fraction || '0');
  if (suffix.endsWith('i')) return binary(sign, digits, fraction.length, BINARY.indexOf(suffix)) ?? undefined;
  const power = exponentMark ? Number(exponent) : (DECIMAL.indexOf(suffix) - 3) * 3;
  return decimal(sign, digits, power - fraction.length, exponentMark);
}

function binary(sign: string, digits: bigint, scale: number, step: number): string | undefined {
  let value = digits * 1024n ** BigInt(step);
  const unit = 10n ** BigInt(scale);
  // A fraction of a byte gets decimal suffixes, as in Kubernetes.
  if (value % unit !== 0n) return decimal(sign, value, -scale, undefined);
  value /= unit;
  let index = 0;
  while (value !== 0n && value % 1024n === 0n && index < BINARY.length - 1) {
    value /= 1024n;
    index++;
  }
  return `${sign === '-' && value !== 0n ? '-' : ''}${value}${BINARY[index]}`;
}

function decimal(sign: string, digits: bigint, power: number, exponentMark: string | undefined): string {
  if (digits === 0n) return '0';
  let [value, scale] = [digits, power];
  while (value % 10n === 0n) {
    value /= 10n;
    scale++;
  }
  // Finer than a nano is rounded up.
  while (scale < -9) {
    value = (value + 9n) / 10n;
    scale++;
  }
  while (scale % 3 !== 0 || scale > 18) {
    value *= 10n;
    scale--;
  }
  const minus = sign === '-' ? '-' : '';
  if (exponentMark) return `${minus}${value}${scale === 0 ? '' : `e${scale}`}`;
  return `${minus}${value}${DECIMAL[scale / 3 + 3] ?? ''}`;
}
