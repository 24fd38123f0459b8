import { expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { networkRunnerOf } from '../../src/controller/network-sandbox.ts';
import { runOf } from '../sandbox/command-files.ts';

const OPTIONS = { clock: systemClock, log: silentLogger() };
const LISTED = { sandbox: 'required', variables: [], networkFolders: ['envs'] } as const;

test.each([
  ['no folder is listed', { ...LISTED, networkFolders: [] }],
  ['commands are child processes, which have it anyway', { ...LISTED, sandbox: 'best-effort' } as const],
])('there is no sandbox with network if %s', (_, config) => {
  expect(networkRunnerOf({ ...config, networkAddress: { host: 'h', port: 1 } }, OPTIONS)).toBeUndefined();
});

test('without an address, a listed folder is refused with the next step, and nothing runs', async () => {
  const runner = networkRunnerOf(LISTED, OPTIONS);
  expect(runner?.layers()).toEqual({ kind: 'none', reason: expect.stringContaining('--generation-network-address is not set') });
  await expect(runner?.run(runOf('true'))).rejects.toMatchObject({
    code: 'sandbox/unavailable',
    help: expect.stringContaining('generation.network.paths'),
  });
  await runner?.close();
});

test('with an address it is dialled with the files of the pod, and its absence is named', async () => {
  const runner = networkRunnerOf({ ...LISTED, networkAddress: { host: '127.0.0.1', port: 1 } }, OPTIONS);
  await expect
    .poll(() => runner?.layers())
    .toEqual({
      kind: 'none',
      reason: expect.stringMatching(/at 127\.0\.0\.1:1; .*\/etc\/fluxd\/generation-network\/tls\.(crt|key)/),
    });
  await runner?.close();
});
