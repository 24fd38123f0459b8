import { withoutWords } from '../object/confidential.ts';
import type { Fields } from '../object/fields.ts';
import { metadataOf } from '../object/live.ts';
import { podSelectorOf } from '../pod/pod-selector.ts';
import type { Health } from './health.ts';
import { healthOf } from './kstatus.ts';

/** What is kept of an object whose health is followed. */
export interface Seen {
  readonly generation: number | undefined;
  readonly health: Health;
  /** The label selector of the pods of a workload that is not healthy. */
  readonly pods?: string;
}

/** Reduces a complete object as it arrives. */
export function seenOf(kind: { readonly group: string; readonly kind: string }, object: Fields): Seen {
  const health = healthOf(kind, withoutWords(object));
  const pods = kind.group === 'apps' && health.state !== 'current' ? podSelectorOf(object) : undefined;
  return { generation: metadataOf(object).generation, health, ...(pods === undefined ? {} : { pods }) };
}
