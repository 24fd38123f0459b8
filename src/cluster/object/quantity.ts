/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const FORM = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?\d{1,2}))?$/;
const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The amount that a quantity stands for, such as 0.5 for `500m`; undefined for another value. */
export function quantity(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  const [, digits, suffix, exponent] = FORM.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const amount = Number(digits) * (suffix === undefined ? 10 ** Number(exponent ?? 0) : (FACTORS[suffix] ?? Number.NaN));
  return Number.isFinite(amount) ? amount : undefined;
}
