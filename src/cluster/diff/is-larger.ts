import { isFields } from '../../resource/index.ts';

/** What a person can look through; more fields of an object are left out. */
export const MAX_SHOWN_FIELDS = 2_000;
/** Values of two objects that are compared; comparing more would hold up everything else in the process. */
export const MAX_COMPARED_VALUES = 12_000;

/** Whether there are more values in a value than this; stops as soon as it knows. */
export function isLarger(value: unknown, most: number): boolean {
  const open: unknown[] = [value];
  for (let count = 0; open.length > 0; count += 1) {
    if (count > most) return true;
    const each = open.pop();
    if (Array.isArray(each)) for (const item of each) open.push(item);
    else if (isFields(each)) for (const key in each) open.push(each[key]);
  }
  return false;
}
