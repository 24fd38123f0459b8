import { FluxError } from '../../base/index.ts';
import { type ValueObjects, valueObjectName } from '../substitution/value-objects.ts';
import { refusedChart } from './refused.ts';
import type { ValuesText } from './values-file.ts';
import type { ValuesReference } from './values-reference.ts';

/** Values from an object of the cluster. */
export interface ValuesFromObject extends ValuesText {
  readonly isSecret: boolean;
  /** Differs whenever the text may differ. */
  readonly version: string;
}

/**
 * The text that a reference leads to; undefined if it is optional and missing, or there is no cluster. Only what an operator named may
 * be read.
 * @throws FluxError `helm/refused`; `helm/values-unknown` while the object cannot be read
 */
export function valuesFromObject(reference: ValuesReference, objects: ValueObjects | undefined): ValuesFromObject | undefined {
  const { kind, valuesKey, targetPath, literal, optional } = reference;
  const name = valueObjectName(reference);
  if (objects?.kind === 'left-out') return undefined;
  const object = objects?.byName.get(name);
  if (!object) throw notNamed(name);
  if (object.kind === 'unreadable') throw notKnown(name, object.why);
  const isThere = object.kind === 'present' && Object.hasOwn(object.data, valuesKey);
  const text = isThere ? object.data[valuesKey] : undefined;
  if (object.kind === 'present' && text !== undefined) {
    const { version } = object;
    return { name: `${valuesKey} of ${name}`, isSecret: kind === 'Secret', version, text, targetPath, literal };
  }
  if (optional) return undefined;
  throw refusedChart(
    object.kind === 'absent' ? `${name} of valuesFrom does not exist` : `${name} of valuesFrom has no text under ${valuesKey}`,
  );
}

/** Names of the objects that references lead to, where there is no cluster. */
export function leftOutObjects(references: readonly ValuesReference[], objects: ValueObjects | undefined): readonly string[] {
  return objects?.kind === 'left-out' ? [...new Set(references.map(valueObjectName))] : [];
}

function notNamed(name: string): FluxError {
  return new FluxError(`not rendered: ${name} of valuesFrom is not among the objects that fluxd may read for values`, {
    code: 'helm/refused',
    fault: 'user',
    help: `The operator of fluxd adds ${name} to --substitute-from (in the chart, substitution.from). What the unit renders stays as it is in the cluster, and nothing is deleted.`,
  });
}

function notKnown(name: string, why: string): FluxError {
  return new FluxError(`not rendered: ${name} of valuesFrom cannot be read: ${why}`, {
    code: 'helm/values-unknown',
    fault: 'server',
    help: 'What the unit renders stays as it is in the cluster, and nothing is deleted, until the values are known. It is tried again.',
  });
}
