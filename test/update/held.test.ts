import { expect, test } from 'vitest';
import { holdOfWorkload, isAutomated } from '../../src/update/decide.ts';
import { describeHold } from '../../src/update/decision.ts';

type Annotated = Readonly<Record<string, string>>;

test.each<[inGit: Annotated, inCluster: Annotated, reason: string | undefined]>([
  [{}, {}, undefined],
  [{ automated: 'true' }, {}, undefined],
  [{ locked: 'true' }, {}, 'locked'],
  [{ locked: 'false' }, {}, undefined],
  [{}, { locked: 'true' }, undefined],
  [{ ignore: 'true' }, {}, 'ignore'],
  [{}, { ignore: 'true' }, 'ignore'],
  [{ ignore: 'sync_only' }, { ignore: 'sync_only' }, undefined],
  [{ locked: 'true', ignore: 'true' }, { ignore: 'true' }, 'locked'],
])('with %j in Git and %j in the cluster, a workload is held by %j', (inGit, inCluster, reason) => {
  const hold = holdOfWorkload(new Map(Object.entries(inGit)), new Map(Object.entries(inCluster)));
  expect(hold && describeHold(hold)).toBe(reason);
});

test.each<[inGit: Annotated, automated: boolean]>([
  [{}, false],
  [{ automated: 'true' }, true],
  [{ automated: 'yes' }, false],
  [{ automated: 'true', locked: 'true' }, false],
  [{ automated: 'true', ignore: 'true' }, false],
])('with %j in Git, that a workload is automated is %j', (inGit, automated) => {
  expect(isAutomated(new Map(Object.entries(inGit)))).toBe(automated);
});
