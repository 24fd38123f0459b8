/** A measured cost of a set of so many objects. */
export interface Point {
  readonly size: number;
  readonly cost: number;
}

/**
 * How a cost grows with the size: the least-squares slope of log(cost) over log(size). 1 is linear, 2 quadratic; what is paid
 * once, regardless of the size, draws it below 1.
 */
export function exponent(points: readonly Point[]): number {
  return slope(points.map(({ size, cost }) => ({ size: Math.log(size), cost: Math.log(cost) })));
}

/** Least-squares slope: cost of each further object. */
export function slope(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [size, cost] = [mean((point) => point.size), mean((point) => point.cost)];
  const covariance = mean((point) => (point.size - size) * (point.cost - cost));
  return covariance / mean((point) => (point.size - size) ** 2);
}
