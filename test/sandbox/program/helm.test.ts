import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createHelm } from '../../../src/sandbox/index.ts';
import { until } from '../../support/until.ts';

const LIMITS = { timeoutMs: 30_000, outputBytes: 1 << 20 };
const NO_FILES = async () => ({ files: [], links: [] });

let parent: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'flux-helm-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(parent, { recursive: true });
});

/** Helm, with a script in its place; undefined: none. */
async function open(script: string | undefined) {
  const program = join(parent, 'helm');
  if (script !== undefined) await writeFile(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const directory = join(parent, 'own');
  const helm = createHelm({
    program: script === undefined ? undefined : program,
    directory,
    memoryDirectory: directory,
    clock: systemClock,
    logger: silentLogger(),
  });
  closing.push(helm.close);
  return { helm, directory };
}

test('helm runs with the arguments and folder of a rendering, and with nothing of a person or a cluster', async () => {
  const { helm, directory } = await open('echo "$@"; pwd -P; /bin/cat charts/web/Chart.yaml; /usr/bin/env');
  const chart = { path: 'charts/web/Chart.yaml', content: Buffer.from('name: web\n') };
  const outcome = await helm.template(['web', './charts/web'], async () => ({ files: [chart], links: [] }), LIMITS);
  const text = outcome.kind === 'built' ? `${outcome.output}` : '';
  const [args, folder = '', content, ...variables] = text.trim().split('\n');
  const own = folder.replace(/\/files$/, '');
  expect([args, folder.startsWith(`${directory}/`), folder.endsWith('/files'), content]).toEqual([
    'template web ./charts/web',
    true,
    true,
    'name: web',
  ]);
  const given = variables.filter((line) => !/^(_|PWD)=/.test(line)).map((line) => line.replaceAll(own, ''));
  expect(given.sort()).toEqual([
    'GOGC=off',
    'GOMEMLIMIT=128MiB',
    'HELM_CACHE_HOME=/home/cache',
    'HELM_CONFIG_HOME=/home/config',
    'HELM_DATA_HOME=/home/data',
    'HELM_PLUGINS=/home/plugins',
    'HOME=/home',
    'HTTPS_PROXY=http://0.0.0.0:0',
    'HTTP_PROXY=http://0.0.0.0:0',
    'KUBECONFIG=/nonexistent',
    'PATH=/nonexistent',
    'TMPDIR=/home',
  ]);
});

test.each([
  ['succeeds', 'exit 0', 'built'],
  ['fails', 'exit 1', 'failed'],
  ['is killed', 'kill -9 $$', 'failed'],
])('what it writes is removed when it %s', async (_, end, kind) => {
  const { helm, directory } = await open(`/bin/mkdir -p "$HELM_CACHE_HOME"; echo >"$HELM_CACHE_HOME/a"; echo >b; ${end}`);
  expect(await helm.template([], NO_FILES, LIMITS)).toMatchObject({ kind });
  expect(await readdir(directory)).toEqual([]);
});

test('its words have the paths of the repository', async () => {
  const { helm } = await open('echo "in $(pwd -P)/web/values.yaml, $HOME" >&2; exit 3');
  expect(await helm.template([], NO_FILES, LIMITS)).toEqual({
    kind: 'failed',
    failure: { kind: 'exit', status: 3 },
    stderr: 'in web/values.yaml, home',
  });
});

test.each([
  ['time', 'while :; do /bin/sleep 1; done', { timeoutMs: 500 }],
  ['output', '/usr/bin/yes', { outputBytes: 1024 }],
  ['memory', `exec ${process.execPath} -e "const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))"`, {}],
])('a limit of %s ends it', async (limit, script, limits) => {
  const { helm } = await open(script);
  expect(await helm.template([], NO_FILES, { ...LIMITS, ...limits })).toMatchObject({
    kind: 'failed',
    failure: { kind: 'limit', limit },
  });
});

test('no program, files that cannot be written, and the end are errors of helm', async () => {
  const none = await open(undefined);
  await expect(none.helm.template([], NO_FILES, LIMITS)).rejects.toMatchObject({
    code: 'helm/not-found',
    fault: 'user',
    message: 'there is no helm on the PATH',
    help: 'The image of fluxd has it. Elsewhere, install helm 3.',
  });
  const { helm } = await open('exit 0');
  const long = async () => ({ files: [{ path: 'x'.repeat(300), content: Buffer.from('') }], links: [] });
  await expect(helm.template([], long, LIMITS)).rejects.toMatchObject({
    code: 'helm/not-written',
    message: 'files for helm cannot be written: ENAMETOOLONG',
  });
  await helm.close();
  await expect(helm.template([], NO_FILES, LIMITS)).rejects.toMatchObject({
    code: 'helm/closed',
    message: 'helm is not run any more, because the program ends',
  });
});

test('two run at once, and close ends them and those that wait', async () => {
  const { helm } = await open(`: >${parent}/started; while :; do /bin/sleep 1; done`);
  let asked = 0;
  const files = async () => {
    asked += 1;
    return NO_FILES();
  };
  const runs = Promise.allSettled([0, 1, 2].map(() => helm.template([], files, LIMITS)));
  await until('one has started', () => existsSync(join(parent, 'started')));
  expect(asked).toBe(2);
  await helm.close();
  const closed = { status: 'rejected', reason: expect.objectContaining({ code: 'helm/closed' }) };
  expect(await runs).toEqual([closed, closed, closed]);
  expect((await readdir(parent)).sort()).toEqual(['helm', 'started']);
});
