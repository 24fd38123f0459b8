import { expect, onTestFinished, test } from 'vitest';
import { ObjectReader } from '../../src/git/object-reader.ts';
import { until } from '../support/until.ts';
import { failingGit } from './support/failing-git.ts';
import { createRemote } from './support/repository.ts';

test('a process that says nothing until a deadline has passed is replaced, for those who still wait too', async () => {
  const remote = createRemote();
  const git = failingGit();
  git.replace(1, 'exec sleep 600');
  const reader = new ObjectReader({
    gitDir: remote.path,
    cwd: remote.path,
    environment: { PATH: git.path },
    maxBytes: 1000,
    onDamage: () => {
      throw new Error('nothing is damaged');
    },
  });
  onTestFinished(() => reader.close());
  const head = remote.git('rev-parse', 'main');
  const waiting = reader.resolve('main');
  await until('git runs', () => git.calls().length === 1);
  await expect(reader.resolve('main', { signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' });
  expect([await waiting, await reader.resolve('main')]).toEqual([head, head]);
  expect(git.calls()).toHaveLength(2);
  // Who gives up by himself, or while answers come, ends nothing for the others.
  await expect(reader.resolve('main', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  expect(await reader.resolve('main')).toBe(head);
  expect(git.calls()).toHaveLength(2);
});
