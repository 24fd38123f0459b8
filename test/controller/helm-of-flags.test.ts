import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../src/base/index.ts';
import { helmOf } from '../../src/controller/helm-of-flags.ts';
import { ChartHost } from '../registry-watch/charts/chart-host.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'flux-helm-flags-'));
});
afterEach(() => rm(directory, { recursive: true }));

const FLAGS: Omit<Parameters<typeof helmOf>[0], 'generation'> = {
  syncTimeoutMs: 60_000,
  helmInternalHosts: [],
  registryInsecureHosts: [],
  registryRps: 50,
  registryBurst: 10,
  registryTrace: false,
};
const CAPABILITIES = { kubeVersion: 'v1.34.4', apiVersions: ['v1'] };

const of = (withGeneration: boolean, path: string | undefined, flags: Partial<typeof FLAGS> = {}) => {
  const generation = { sandbox: 'best-effort', variables: [], networkFolders: [] } as const;
  return helmOf(
    { ...FLAGS, ...flags, ...(withGeneration ? { generation } : {}) },
    {
      directory,
      memoryDirectory: directory,
      cluster: { capabilities: async () => CAPABILITIES },
      environment: { PATH: path },
      version: 'test',
      onRequest: () => undefined,
      clock: systemClock,
      log: silentLogger(),
    },
  );
};

const NO_FILES = async () => ({ files: [], links: [] });
const LIMITS = { timeoutMs: 30_000, outputBytes: 1024 };

test('no chart is rendered where no .flux.yaml counts', async () => {
  expect(await of(false, directory)).toBeUndefined();
});

test.each([[undefined], ['']])('without the program, only what names a chart fails: PATH %j', async (path) => {
  const { helm, close } = (await of(true, path)) ?? {};
  await expect(helm?.program.template([], NO_FILES, LIMITS)).rejects.toMatchObject({ code: 'helm/not-found' });
  await close?.();
});

test('what is found is run, and charts know the cluster', async () => {
  const path = join(directory, 'path');
  await mkdir(path);
  await writeFile(join(path, 'helm'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  const { helm, close } = (await of(true, path)) ?? {};
  expect(helm?.timeoutMs).toBe(30_000);
  expect(await helm?.capabilities({})).toBe(CAPABILITIES);
  expect(await helm?.program.template(['a'], NO_FILES, LIMITS)).toEqual({ kind: 'built', output: Buffer.from('template a\n') });
  await close?.();
  await expect(helm?.program.template([], NO_FILES, LIMITS)).rejects.toMatchObject({ code: 'helm/closed' });
});

test('archives of charts come from hosts that the flags allow', async () => {
  const host = await ChartHost.start();
  const chart = host.add('1.0.0', Buffer.from('an archive'));
  const { helm, close } = (await of(true, directory)) ?? {};
  await expect(helm?.archives.fetch(chart, {})).rejects.toMatchObject({ code: 'helm/host-not-allowed' });
  await close?.();
  const allowed = await of(true, directory, { registryInsecureHosts: ['127.0.0.1'] });
  expect(await allowed?.helm.archives.fetch(chart, {})).toEqual(Buffer.from('an archive'));
  await allowed?.close();
});
