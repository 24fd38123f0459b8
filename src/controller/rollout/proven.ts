/**
 * How long a workload has to be ready without interruption until it counts as healthy, in milliseconds: a minute, or half of the deadline.
 * Without a readiness probe, a program that ends at once is ready for a moment.
 */
export function provenMs(deadlineMs: number): number {
  return Math.min(60_000, deadlineMs / 2);
}
