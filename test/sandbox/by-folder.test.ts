import { describe, expect, test } from 'vitest';
import type { CommandRun } from '../../src/repository/index.ts';
import { byFolder } from '../../src/sandbox/index.ts';
import { runOf } from './command-files.ts';

/** Which of two runners gets a run. */
async function runnerOf(folders: readonly string[], directory: string): Promise<string> {
  let taken = '';
  const named = (name: string) => ({
    run: async (_run: CommandRun) => {
      taken += name;
      return { kind: 'succeeded', outputs: [], changed: [] } as const;
    },
  });
  await byFolder({ folders, inside: named('network'), outside: named('none') }).run(runOf('x', { directory }));
  return taken;
}

describe('a folder', () => {
  test.each([
    [['envs'], 'envs'],
    [['envs'], 'envs/staging'],
    [['a', 'envs/staging'], 'envs/staging'],
    [[''], ''],
    [[''], 'envs'],
  ])('%j has network in %j', async (folders, directory) => expect(await runnerOf(folders, directory)).toBe('network'));

  test.each([
    [[], ''],
    [['envs'], ''],
    [['envs/staging'], 'envs'],
    [['envs'], 'envs2'],
    [['envs'], 'other/envs'],
    [['envs/staging'], 'envs/staging2'],
  ])('%j has none in %j', async (folders, directory) => expect(await runnerOf(folders, directory)).toBe('none'));
});
