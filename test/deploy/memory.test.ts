import { expect, test } from 'vitest';
import { command } from './harness/environment.ts';
import { installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { configMaps, namespace } from './harness/manifests.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-memory';
const MIB = 2 ** 20;
const maps = (count: number, text: string) => ({
  'maps.yaml': `${namespace('memory')}---\n${configMaps('memory', count, text)}`,
});

test('the heap of fluxd follows the limit of its container; a limit that is too small is told by fluxctl doctor', async () => {
  const repository = await clone('memory');
  const revision = await repository.commit('Begin', maps(10, 'first'));
  const flux = await installOverSsh(NAMESPACE, 'memory');
  showLogOnFailure(flux);
  await repository.synced(revision);
  const heapMiB = async () => {
    const script = 'process.stdout.write(String(v8.getHeapStatistics().heap_size_limit))';
    const exec = ['exec', 'deployment/flux', '-c', 'flux', '--', 'node', '-e', script];
    return Number(await command('kubectl', '-n', NAMESPACE, ...exec)) / MIB;
  };
  /** Young objects have a room of their own, which counts as well. */
  const isShare = (heap: number, limit: number) => heap > limit * 0.6 && heap < limit * 0.6 + 50;
  expect(isShare(await heapMiB(), 1024)).toBe(true);
  expect(await flux.fluxctl('doctor')).toMatchObject({ code: 0 });

  await flux.upgradeWith('--set=resources.limits.memory=384Mi');
  expect(isShare(await heapMiB(), 384)).toBe(true);
  const next = await repository.commit('Go on', maps(500, 'second'));
  await repository.synced(next);
  expect((await flux.pods()).map(({ restarts }) => restarts)).toEqual([0]);

  // Node alone takes more.
  await expect(
    flux.upgradeWith('--set=resources.requests.memory=32Mi,resources.limits.memory=32Mi', '--timeout=20s'),
  ).rejects.toThrow();
  await until('the doctor knows why', async () => {
    const { code, stdout } = await flux.fluxctl('doctor', '--output-format=json');
    return code === 1 && stdout.includes('was killed because it exceeded its memory limit');
  });
  await flux.uninstall();
});
