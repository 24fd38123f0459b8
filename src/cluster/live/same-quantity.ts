import type { Json } from '../../resource/index.ts';
import { quantity } from '../object/quantity.ts';

/** Fields that hold quantities, which the API server writes in its own form: `1000m` becomes `1`. */
const QUANTITIES = /(?:^|\.)(?:limits|requests|capacity|hard|overhead|sizeLimit|averageValue)(?:$|[.[])/;

/** Whether both values of a field that holds a quantity are the same amount. */
export function isSameQuantity(path: string, one: Json, other: Json): boolean {
  if (!QUANTITIES.test(path)) return false;
  const [a, b] = [quantity(one), quantity(other)];
  return a !== undefined && b !== undefined && Math.abs(a - b) <= Math.abs(a) * 1e-12;
}
