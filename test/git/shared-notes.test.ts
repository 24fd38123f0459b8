import { expect, test } from 'vitest';
import type { GitSource } from '../../src/git/index.ts';
import { thorough } from '../support/sampled.ts';
import { createRemote, type Remote, sourceOf } from './support/repository.ts';

const CLUSTERS = ['blue', 'green', 'red'] as const;
/** Of each cluster. */
const SYNCS = 20;

/** Daemons of three clusters, each with a branch of its own. */
function clusters(remote: Remote, labels: (name: string) => { readonly syncTag: string; readonly notesRef: string }) {
  const first = remote.git('rev-parse', 'main');
  return CLUSTERS.map((name) => {
    remote.git('update-ref', `refs/heads/${name}`, first);
    const source = sourceOf(remote.path, { branch: name, ...labels(name) });
    return { name, source };
  });
}

interface Written {
  readonly revision: string;
  readonly text: string;
}

/** Commits and records again and again, as a daemon that releases and syncs. */
async function live(name: string, source: GitSource): Promise<readonly Written[]> {
  const written: Written[] = [];
  for (let round = 0; round < SYNCS; round += 1) {
    const base = await source.fetch();
    const edits = [{ path: `${name}.yaml`, content: `round: ${round}\n` }];
    const jobId = `${name}-${round}`;
    const revision = await source.commit({ base, edits, message: jobId, jobId, note: `{"jobID":"${jobId}"}` });
    const head = source.accepted();
    if (head !== revision) throw new Error('the mirror does not have our commit');
    const text = `{"cluster":"${name}","round":${round}}`;
    await source.recordSync({ revision: head, record: text });
    written.push({ revision, text });
  }
  return written;
}

test.runIf(thorough('clusters that share a notes ref'))(
  'three clusters that share a notes ref lose no record and no job note of each other, whoever pushes first',
  { timeout: 600_000 },
  async () => {
    const remote = createRemote();
    const all = clusters(remote, (name) => ({ syncTag: `flux-${name}`, notesRef: 'flux' }));
    const written = await Promise.all(all.map(({ name, source }) => live(name, source)));
    // Every daemon reads what each of them wrote.
    for (const { name, source } of all) {
      await source.fetch();
      for (const [index, records] of written.entries()) {
        const revisions = records.map(({ revision }) => revision);
        const found = await source.syncRecords(revisions, SYNCS);
        expect([name, found.map(({ text }) => text.trim())]).toEqual([name, records.map(({ text }) => text)]);
        const notes = await source.notes(revisions);
        expect([...notes.values()].map((note) => JSON.parse(note).jobID)).toEqual(
          records.map((_, round) => `${CLUSTERS[index]}-${round}`),
        );
      }
      expect(await source.syncTag()).toBe(written[all.findIndex((each) => each.name === name)]?.at(-1)?.revision);
    }
  },
);

test('refs that are kept apart by a label stay apart', async () => {
  const remote = createRemote();
  const [blue, green] = clusters(remote, (name) => ({ syncTag: name, notesRef: name }));
  if (!blue || !green) throw new Error('two clusters are needed');
  const revision = await blue.source.fetch();
  await green.source.fetch();
  await blue.source.recordSync({ revision, record: '{"cluster":"blue"}' });
  await green.source.fetch();
  expect([await green.source.syncTag(), await green.source.syncRecord(revision)]).toEqual([undefined, undefined]);
  expect(remote.git('for-each-ref', '--format=%(refname)', 'refs/notes', 'refs/tags').split('\n')).toEqual([
    'refs/notes/blue-sync',
    'refs/tags/blue',
  ]);
});
