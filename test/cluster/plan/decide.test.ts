import { describe, expect, test } from 'vitest';
import type { LiveObject, ManagedFields } from '../../../src/cluster/object/live.ts';
import { CHECKSUM_ANNOTATION, MARK_LABEL } from '../../../src/cluster/object/ownership.ts';
import { decide } from '../../../src/cluster/plan/decide.ts';
import { lostFields } from '../../../src/cluster/plan/drift.ts';
import { keep } from '../../../src/cluster/watch/kept.ts';
import { CONFIG_MAPS } from '../transport-to.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const WANTED = { checksum: 'c', mark: 'm' };
const BODY = {
  metadata: { labels: { [MARK_LABEL]: 'm' }, annotations: { [CHECKSUM_ANNOTATION]: 'c' } },
  data: { a: 'b' },
};

const V1_MARKS = { labels: { [MARK_LABEL]: 'm' }, annotations: { [CHECKSUM_ANNOTATION]: 'c' } };

function entry(manager: string, annotations: readonly string[], more: Partial<ManagedFields> = {}): ManagedFields {
  const fields = Object.fromEntries(annotations.map((name) => [`f:${name}`, {}]));
  return {
    manager,
    operation: 'Update',
    time: '2030-01-01T00:00:00Z',
    fieldsV1: { 'f:metadata': { 'f:annotations': fields }, 'f:data': { 'f:a': {} } },
    ...more,
  };
}

const OURS: ManagedFields = {
  manager: 'flux',
  operation: 'Apply',
  time: '2029-01-01T00:00:00Z',
  fieldsV1: {
    'f:metadata': { 'f:labels': { [`f:${MARK_LABEL}`]: {} }, 'f:annotations': { [`f:${CHECKSUM_ANNOTATION}`]: {} } },
    'f:data': { 'f:a': {} },
  },
};
/** Without the field that somebody took. */
const OURS_TAKEN: ManagedFields = { ...OURS, fieldsV1: { 'f:metadata': OURS.fieldsV1?.['f:metadata'] } };

/** What a daemon that has just started does about an object: as a request for it shows it, and as a watch keeps it. */
function reasons(metadata: Partial<LiveObject>): string[] {
  const live: LiveObject = { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '1', ...metadata };
  const watched = keep(CONFIG_MAPS, { metadata: live }, 'flux', (_key, whole) => lostFields(BODY, whole, 'flux')).live;
  return [live, watched].map((each) => {
    const facts = { ...WANTED, live: each, known: undefined, fight: undefined, manager: 'flux', now: 0 };
    const decision = decide(facts);
    expect(decision.action).toBe('change');
    return 'reason' in decision ? decision.reason : '';
  });
}

describe('why an object that was there before the daemon is applied', () => {
  test.for<[string, Partial<LiveObject>, string]>([
    [
      'what kubectl apply wrote',
      { managedFields: [entry('kubectl-client-side-apply', [LAST_APPLIED])] },
      'taken over from kubectl apply',
    ],
    ['what an old kubectl applied', { managedFields: [entry('kubectl', [LAST_APPLIED])] }, 'taken over from kubectl apply'],
    [
      'what Flux v1 applied',
      { ...V1_MARKS, managedFields: [entry('kubectl-client-side-apply', [LAST_APPLIED, CHECKSUM_ANNOTATION])] },
      'taken over from Flux v1',
    ],
    [
      'what Flux v1 applied with an old kubectl',
      { ...V1_MARKS, managedFields: [entry('kubectl', [LAST_APPLIED, CHECKSUM_ANNOTATION])] },
      'taken over from Flux v1',
    ],
    [
      'what Flux v1 applied after us',
      { ...V1_MARKS, managedFields: [OURS_TAKEN, entry('kubectl-client-side-apply', [LAST_APPLIED, CHECKSUM_ANNOTATION])] },
      'taken over from Flux v1',
    ],
    [
      'what an old kubectl annotated',
      { managedFields: [entry('kubectl', ['acme.io/a'])] },
      'not applied since this daemon started',
    ],
    [
      'what wrote the status alone under the name of kubectl apply',
      { managedFields: [entry('kubectl-client-side-apply', [], { subresource: 'status' })] },
      'not applied since this daemon started',
    ],
    ['what Helm installed', { managedFields: [entry('helm', [])] }, 'not applied since this daemon started'],
    ['what tells nothing of its managers', {}, 'not applied since this daemon started'],
  ])('%s', ([, metadata, reason]) => {
    expect(reasons(metadata)).toEqual([reason, reason]);
  });

  test('what we applied, and somebody changed while no daemon ran', () => {
    const [, watched] = reasons({ ...V1_MARKS, managedFields: [OURS_TAKEN, entry('kubectl-edit', [])] });
    expect(watched).toBe('changed in the cluster by kubectl-edit: data.a');
    const [, applied] = reasons({ ...V1_MARKS, managedFields: [OURS_TAKEN, entry('kubectl-client-side-apply', [LAST_APPLIED])] });
    expect(applied).toBe('changed in the cluster by kubectl-client-side-apply: data.a');
  });
});

describe('with a later revision that may have been applied without a record', () => {
  const ours = (checksum: string): LiveObject => ({
    name: 'a',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '1',
    labels: { [MARK_LABEL]: 'm' },
    annotations: { [CHECKSUM_ANNOTATION]: checksum },
    managedFields: [OURS_TAKEN],
  });
  const foreign: LiveObject = { name: 'a', namespace: 'shop', uid: 'u', resourceVersion: '1' };
  test.for<[string, LiveObject | undefined, string, string]>([
    ['that wants another, and this one was applied last: drift is corrected', ours('c'), 'later', 'change'],
    ['that was applied last', ours('later'), 'later', 'held'],
    ['that wants the same, but one in between was applied last', ours('between'), 'c', 'held'],
    ['that wants the same, and it is absent', undefined, 'c', 'create'],
    ['that wants another, and it is absent', undefined, 'later', 'held'],
    ['that removed it, and it is absent', undefined, '', 'held'],
    ['that wants the same, and it is not ours yet', foreign, 'c', 'change'],
    ['that wants another, and it is not ours', foreign, 'later', 'held'],
  ])('%s', ([, live, later, action]) => {
    const facts = { ...WANTED, live, later, known: undefined, fight: undefined, manager: 'flux', now: 0 };
    expect(decide(facts).action).toBe(action);
  });
});
