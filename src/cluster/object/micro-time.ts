/** A time as Kubernetes writes its type MicroTime: always six digits of a second. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
