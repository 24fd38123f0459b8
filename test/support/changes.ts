import { FluxError } from '../../src/base/index.ts';
import type { Change, Outcome } from '../../src/change/index.ts';
import type { ResourceId } from '../../src/resource/index.ts';

/** A change with this outcome, and with nothing that the outcome does not need. */
export function changeOf(id: ResourceId, outcome: Outcome, reason = 'because'): Change {
  const object = { id, inGit: true, place: { file: 'a.yaml', document: 1, line: 1 } } as const;
  switch (outcome) {
    case 'created':
    case 'configured':
    case 'unchanged':
      return { ...object, outcome };
    case 'skipped':
      return { ...object, outcome, reason };
    case 'held':
      return { ...object, outcome, reason };
    case 'failed':
      return { ...object, outcome, error: new FluxError(reason, { code: 'cluster/apply-failed' }) };
    case 'deleted':
      return { id, inGit: false, uid: `uid of ${id}`, outcome, reason };
  }
}
