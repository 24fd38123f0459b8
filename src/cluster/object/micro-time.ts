/** A time in the format of Kubernetes' MicroTime: always six fractional digits. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
