import { expect, test } from 'vitest';
import { CommittedJobs } from '../../../src/controller/jobs/committed-jobs.ts';
import { formatJobNote } from '../../../src/record/index.ts';

/** A repository whose notes a test writes, and which counts those that are read. */
function repository() {
  const notes = new Map<string, { readonly blob: string; readonly text: string }>();
  const read: string[] = [];
  return {
    read,
    write: (revision: string, text: string) => notes.set(revision, { blob: `blob of ${text}`, text }),
    remove: (revision: string) => notes.delete(revision),
    source: {
      noteBlobs: async () => new Map([...notes].map(([revision, { blob }]) => [revision, blob])),
      notes: async (revisions: readonly string[]) => {
        read.push(...revisions);
        return new Map(revisions.flatMap((revision) => [[revision, notes.get(revision)?.text ?? ''] as const]));
      },
    },
  };
}

const note = (jobId: string) => formatJobNote({ jobId, spec: { type: 'auto' }, result: null });

test('a job is found by its note, and each note is read once however many jobs are asked for', async () => {
  const { read, write, remove, source } = repository();
  for (let n = 0; n < 100; n++) write(`revision-${n}`, n % 10 === 0 ? `no job ${n}` : note(`job-${n}`));
  const jobs = new CommittedJobs(source);
  expect(await jobs.find('job-77')).toMatchObject({ revision: 'revision-77', note: { jobId: 'job-77' } });
  expect(read).toHaveLength(101);
  expect(await jobs.find('job-70')).toBeUndefined();
  expect(await jobs.find('')).toBeUndefined();
  expect(read).toHaveLength(101);

  write('revision-100', note('job-100'));
  expect(await jobs.find('job-100')).toMatchObject({ revision: 'revision-100' });
  expect(read.slice(101)).toEqual(['revision-100', 'revision-100']);

  write('revision-77', note('another job'));
  remove('revision-78');
  expect(await jobs.find('job-77')).toBeUndefined();
  expect(await jobs.find('job-78')).toBeUndefined();
  expect(await jobs.find('another job')).toMatchObject({ revision: 'revision-77' });
});
