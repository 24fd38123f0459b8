import { expect, test } from 'vitest';
import { changeCauses } from '../../../src/controller/sync/change-causes.ts';
import type { NewCommits } from '../../../src/controller/sync/new-commits.ts';
import type { Commit } from '../../../src/repository/index.ts';
import type { Manifest } from '../../../src/resource/index.ts';

const commit = (subject: string): Commit => ({
  ...{ revision: subject, subject, author: { name: '', email: '' }, committedAt: 0, trailers: [], ours: false },
});
const read = (...subjects: readonly string[]): NewCommits => ({ state: 'read', commits: subjects.map(commit) });

function workload(image: string, { kind = 'Deployment', name = 'web', replicas = 1 } = {}): Manifest {
  return {
    place: { file: `${name}.yaml`, document: 1, line: 1 },
    checksum: JSON.stringify([kind, name, image, replicas]),
    object: {
      ...{ apiVersion: 'apps/v1', kind, metadata: { name } },
      spec: { replicas, template: { spec: { containers: [{ name: 'c', image }] } } },
    },
  };
}

const RESULT = (each: Manifest, text: string) => new Map([[each.checksum, text]]);

test.each<[string, readonly Manifest[], readonly Manifest[], NewCommits, ReadonlyMap<string, string>]>([
  ['a new template', [workload('a:1')], [workload('a:2')], read('Release 2'), RESULT(workload('a:2'), 'Release 2')],
  ['a new workload', [], [workload('a:1')], read('Open'), RESULT(workload('a:1'), 'Open')],
  ['only the number of replicas', [workload('a:1')], [workload('a:1', { replicas: 2 })], read('Scale'), new Map()],
  ['a kind without history', [], [workload('a:1', { kind: 'CronJob' })], read('Open'), new Map()],
  ['control characters', [], [workload('a:1')], read('a\u001b[31mb\u202ec\u0007'), RESULT(workload('a:1'), 'a [31mb c')],
  ['a long subject', [], [workload('a:1')], read('x'.repeat(500)), RESULT(workload('a:1'), `${'x'.repeat(200)}…`)],
  ['an empty subject', [], [workload('a:1')], read(''), new Map()],
  ['of several commits that of the file', [], [workload('a:1')], read('Other', 'Open'), RESULT(workload('a:1'), 'of web.yaml')],
  ['unread commits', [], [workload('a:1')], read(), new Map()],
])('%s', async (_name, before, now, newCommits, expected) => {
  const source = { commits: async ({ file }: { file?: string }) => [commit(`of ${file}`)] };
  expect(await changeCauses(source, { from: 'a', to: 'b', before, now, newCommits }, {})).toEqual(expected);
});
