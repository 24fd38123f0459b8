import { isJsonMap } from '../../base/index.ts';
import { documentsWithContent } from '../documents-with-content.ts';
import { refusedChart } from './refused.ts';
import { setText } from './set-text.ts';
import type { ValuesReference } from './values-reference.ts';

/** A text of an object that is a file of values, or one value. */
export interface ValuesText extends Pick<ValuesReference, 'targetPath' | 'literal'> {
  /** In errors, which quote nothing of the text: `values.yaml of secret/web`. */
  readonly name: string;
  readonly text: string;
}

/**
 * The text as a file of values: as it is, or made of the one value.
 * @throws FluxError `helm/refused`, which quotes nothing of it
 */
export function valuesFile({ name, text, targetPath, literal }: ValuesText): string {
  if (!targetPath) {
    if (isMapOrNothing(text)) return text;
    throw refusedChart(`${name} is not one YAML map`);
  }
  const file = setText(targetPath, text, literal);
  if (file !== undefined) return file;
  throw refusedChart(
    `${name} has a comma, a backslash or a brace at its start, which mean something to --set of Helm; literal: true takes it as it is`,
  );
}

function isMapOrNothing(text: string): boolean {
  const [first, ...others] = documentsWithContent(text);
  return others.length === 0 && (!first || (first.error === undefined && isJsonMap(first.value)));
}
