import type { Reading } from '../../base/index.ts';
import type { ClaimFacts } from '../../change/index.ts';
import { builtIn } from '../discovery/api-resource.ts';
import { fieldsOf, textOf } from '../object/fields.ts';
import { optional } from '../object/optional-facts.ts';
import { mergeEvents, type Reads } from './reads.ts';

const CLAIM = builtIn('PersistentVolumeClaim', 'persistentvolumeclaims');
const MAX_CLAIMS = 2;

/** PersistentVolumeClaims by name, with the last event of one that is not bound. */
export function readClaims(reads: Reads, namespace: string, names: readonly string[]): Promise<Reading<readonly ClaimFacts[]>> {
  return reads.reading((signal) =>
    Promise.all(names.slice(0, MAX_CLAIMS).map((name) => readClaim(reads, namespace, name, signal))),
  );
}

async function readClaim(reads: Reads, namespace: string, name: string, signal: AbortSignal): Promise<ClaimFacts> {
  const claim = await reads.get(CLAIM, namespace, name, signal);
  if (!claim) return { name };
  const phase = textOf(fieldsOf(claim.status).phase);
  const storageClass = textOf(fieldsOf(claim.spec).storageClassName);
  const events = phase === 'Bound' ? undefined : mergeEvents([await reads.events(CLAIM.kind, namespace, name)]);
  const reason = events?.state === 'read' ? events.value[0]?.message : undefined;
  return {
    name,
    phase,
    ...optional('storageClass', storageClass || undefined),
    ...optional('reason', reason || undefined),
  };
}
