const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Cores as Kubernetes writes them: `250m`, `1.5`. */
export function cores(amount: number): string {
  if (amount === 0) return '0';
  return amount < 1 ? `${rounded(amount * 1000)}m` : rounded(amount);
}

/** `96 MiB`. */
export function bytes(amount: number): string {
  let [value, unit] = [amount, 0];
  while (value >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${rounded(value)} ${BINARY[unit]}`;
}

/** To three digits. */
function rounded(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString('en', { maximumFractionDigits: 2, useGrouping: false });
}
