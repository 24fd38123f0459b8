import { type Fields, fieldsOf, textOf } from '../object/fields.ts';

/** The label selector of a workload as a query parameter; undefined unless it is a plain list of labels. */
export function podSelectorOf(object: Fields): string | undefined {
  const { matchLabels, matchExpressions } = fieldsOf(fieldsOf(object.spec).selector);
  const labels = Object.entries(fieldsOf(matchLabels));
  if (labels.length === 0 || matchExpressions !== undefined) return undefined;
  return labels.map(([name, value]) => `${name}=${textOf(value)}`).join(',');
}
