import { expect, test } from 'vitest';
import { FluxError, waitOrAbort } from '../../../src/base/index.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import type { BuildOutcome, ProgramFiles } from '../../../src/repository/index.ts';
import type { DesiredState } from '../../../src/resource/index.ts';
import { leaksOf, plant } from '../../support/canaries.ts';
import { CHART, config, NO_ARCHIVES } from '../helm/program.ts';
import { type Entries, revisionOf } from '../kustomize/checkout.ts';
import { enc, encrypted, type Imitation, imitatedDecrypter } from './imitation.ts';

const K = 'app/kustomization.yaml';
const built = (output: string): BuildOutcome => ({ kind: 'built', output: Buffer.from(output) });
const failed = (stderr: string): BuildOutcome => ({ kind: 'failed', failure: { kind: 'exit', status: 1 }, stderr });
const configMap = (name: string, data = '{}') => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: ${data}\n`;

/** Manifests whose programs get files laid out, and print what a test says. */
function open({
  print = () => built(configMap('a')),
  decrypter = imitatedDecrypter(),
}: {
  print?: (files: ReadonlyMap<string, string>) => BuildOutcome;
  decrypter?: Imitation;
} = {}) {
  let now = 0;
  const laid: ProgramFiles[] = [];
  const run = async (files: () => Promise<ProgramFiles>) => {
    const given = await files();
    laid.push(given);
    return print(new Map(given.files.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')])));
  };
  /** What commands can read. */
  const seen: string[] = [];
  const manifests = createManifests({
    clock: { monotonic: () => now },
    decrypter,
    kustomize: { program: { build: (_folder, files) => run(files) }, auto: true, timeoutMs: 1_000 },
    generation: {
      runner: {
        async run({ files }) {
          seen.push(...(await Promise.all(files.files.map(async (file) => `${await files.read(file)}`))));
          return { kind: 'succeeded', outputs: [Buffer.from(configMap('made'))], changed: [] };
        },
      },
      environment: {},
      timeoutMs: 1_000,
    },
    helm: {
      program: { template: (_args, files) => run(files) },
      archives: NO_ARCHIVES,
      capabilities: async () => ({ kubeVersion: 'v1.34.0', apiVersions: ['v1'] }),
      timeoutMs: 1_000,
      verbatim: true,
    },
  });
  return {
    decrypter,
    laid,
    seen,
    pass: (ms: number) => {
      now += ms;
    },
    read(entries: Entries): Promise<DesiredState> {
      const { files, blob } = revisionOf(entries);
      return manifests.read(files, blob);
    },
  };
}

const contents = ({ files }: ProgramFiles) =>
  Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content).toString('utf8')]));
const said = (state: DesiredState) =>
  JSON.stringify(
    [...state.errors, ...state.warnings].map(({ error, ...place }) => [place, error.message, error.help, error.cause]),
  );

const kustomized = (password: string): Entries => ({
  [K]: 'resources: [a.yaml]\nsecretGenerator: [{ name: s, envs: [s.env] }]\npatches: [{ path: p.yaml }]\n',
  'app/a.yaml': configMap('a'),
  'app/p.yaml': encrypted(`apiVersion: v1\nkind: ConfigMap\nmetadata:\n    name: a\ndata:\n    key: ${enc(password)}\n`),
  'app/s.env': `PASSWORD=${enc(password)}\nsops_mac=${enc('mac')}\n`,
});
const charted = (password: string): Entries => ({
  ...CHART,
  'app/.flux.yaml': config('chart: ../chart', 'namespace: shop', 'valuesFiles: [v.yaml]'),
  'app/v.yaml': encrypted(`password: ${enc(password)}\n`),
});

test('kustomize gets its files decrypted, and Helm its files of values, to be kept in memory', async () => {
  const kustomize = open();
  await kustomize.read(kustomized('hunter2'));
  expect(kustomize.laid.map(({ isConfidential }) => isConfidential)).toEqual([true]);
  expect(contents(kustomize.laid[0] ?? { files: [], links: [] })).toMatchObject({
    'app/s.env': 'PASSWORD=hunter2\n',
    'app/p.yaml': expect.stringContaining('key: hunter2\n'),
    'app/a.yaml': configMap('a'),
  });
  const helm = open();
  await helm.read(charted('hunter2'));
  expect(helm.laid.map(({ isConfidential }) => isConfidential)).toEqual([true]);
  expect(contents(helm.laid[0] ?? { files: [], links: [] })).toMatchObject({
    'values/0.yaml': expect.stringContaining('password: hunter2\n'),
  });
});

test('a unit without encrypted files is none of this', async () => {
  const { read, laid, decrypter } = open();
  const { manifests } = await read({ [K]: 'resources: [a.yaml]\n', 'app/a.yaml': configMap('a') });
  expect(laid.map(({ isConfidential }) => isConfidential)).toEqual([false]);
  expect(manifests[0]?.confidential).toBeUndefined();
  expect(manifests[0]?.checksum).toMatch(/^[0-9a-f]{40}$/);
  expect(decrypter.decrypted).toEqual([]);
});

test.each([
  ['kustomize', kustomized],
  ['Helm', charted],
])('all that %s makes of decrypted files is confidential, and its checksum is of the encrypted ones', async (_, entries) => {
  const checksums = async (password: string, printed: string) => {
    const { read } = open({ print: () => built(`${configMap('a', `{ x: ${printed} }`)}---\n${configMap('b')}`) });
    const { manifests } = await read(entries(password));
    expect(manifests.map(({ confidential }) => confidential)).toEqual(['all', 'all']);
    return manifests.map(({ checksum }) => checksum);
  };
  const first = await checksums('1', 'one');
  expect(new Set(first).size).toBe(2);
  for (const checksum of first) expect(checksum).toMatch(/^encrypted-all-[0-9a-f]{40}$/);
  expect(await checksums('1', 'other')).toEqual(first);
  expect(await checksums('2', 'one')).not.toEqual(first);
});

test('an unchanged unit is not decrypted again', async () => {
  const { read, decrypter } = open();
  await read({ ...kustomized('1'), ...charted('1') });
  expect(decrypter.decrypted.sort()).toEqual(['app/p.yaml', 'app/s.env', 'app/v.yaml'].sort());
  await read({ ...kustomized('1'), ...charted('1'), 'README.md': 'new' });
  expect(decrypter.decrypted).toHaveLength(3);
});

test('a file that cannot be decrypted is the error of its unit, by name, and is tried again', async () => {
  const decrypter = imitatedDecrypter();
  const { read, pass } = open({ decrypter });
  decrypter.isWithoutKey = true;
  const entries = { ...kustomized('1'), 'other/kustomization.yaml': 'resources: [b.yaml]\n', 'other/b.yaml': configMap('b') };
  const state = await read(entries);
  expect(state.manifests).toHaveLength(1);
  expect(state.errors).toMatchObject([
    {
      unit: K,
      error: {
        code: 'decryption/no-key',
        message: expect.stringMatching(/^app\/[ps]\.\w+ cannot be decrypted: fluxd has none/),
        help: 'Give it one.',
      },
    },
  ]);
  decrypter.isWithoutKey = false;
  pass(600_000);
  expect((await read(entries)).errors).toEqual([]);
});

test('files are opened a few at a time, and none after the first that fails', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `f${index}.yaml`);
  let [running, most, started] = [0, 0, 0];
  const decrypter: Imitation = {
    ...imitatedDecrypter(),
    async decrypt({ path }, { signal }) {
      started += 1;
      running += 1;
      most = Math.max(most, running);
      try {
        if (path.endsWith('f1.yaml')) throw new FluxError('no key', { code: 'decryption/no-key' });
        return await waitOrAbort(new Promise<never>(() => undefined), signal ?? AbortSignal.abort());
      } finally {
        running -= 1;
      }
    },
  };
  const { read } = open({ decrypter });
  const files = names.map((name) => [`app/${name}`, encrypted(`# ${name}\nkey: ${enc('x')}\n`)]);
  const state = await read({ [K]: `resources: [${names}]\n`, ...Object.fromEntries(files) });
  expect(state.errors).toMatchObject([{ error: { code: 'decryption/no-key' } }]);
  expect(running).toBe(0);
  expect(most).toBeLessThan(10);
  expect(started).toBeLessThan(10);
});

test.each([
  ['kustomize', kustomized],
  ['Helm', charted],
])('nothing is shown of what %s says about decrypted files', async (_, entries) => {
  const planted = plant('password', 'key');
  const key = planted.key;
  const outputs: readonly BuildOutcome[] = [
    failed(`Error: template: x: executing "${planted.password}" at <.Values.x>: illegally repeats the key ${planted.key}`),
    built(`key: "${planted.password}\n`),
    built(`${configMap('a')}---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, annotations: {${key}: 4711}}\n`),
    built(`apiVersion: v1\nkind: Secret\nmetadata: {name: s, labels: {${key}: [a]}}\n`),
    built(`${configMap('a')}  ${key}: a\n  ${key}: b\n`),
    built(`${configMap('a')}---\n${key}: x\n`),
  ];
  for (const output of outputs) {
    const { read } = open({ print: () => output });
    const state = await read(entries(planted.password));
    expect(state.errors.length + state.warnings.length).toBeGreaterThan(0);
    expect(leaksOf(planted, new Map([['problems', said(state)]]))).toEqual([]);
  }
});

test('two renderings of a chart that differ name no field that may be from encrypted values', async () => {
  const planted = plant('key');
  let runs = 0;
  const { read } = open({
    print: () => {
      runs += 1;
      return built(configMap('a', `{ ${planted.key}: "${runs}" }`));
    },
  });
  const state = await read({ ...charted('1'), 'chart/templates/a.yaml': 'x: {{ randAlphaNum 5 }}\n' });
  expect(runs).toBe(2);
  expect(state.errors).toMatchObject([
    { error: { code: 'helm/changing-output', message: expect.stringMatching(/: configmap\/a$|shop:configmap\/a$/) } },
  ]);
  expect(leaksOf(planted, new Map([['problems', said(state)]]))).toEqual([]);
});

test('kustomizations, and files that configure plugins, are given as they were checked', async () => {
  const plugin = encrypted(`apiVersion: builtin\nkind: PrefixTransformer\nmetadata:\n    name: p\nprefix: ${enc('a')}\n`);
  const { read, laid } = open();
  await read({ [K]: 'resources: [a.yaml]\ntransformers: [t.yaml]\n', 'app/a.yaml': configMap('a'), 'app/t.yaml': plugin });
  expect(laid).toHaveLength(1);
  expect(contents(laid[0] ?? { files: [], links: [] })['app/t.yaml']).toBe(plugin);
});

test('commands get encrypted files as they are', async () => {
  const file = encrypted(`password: ${enc('hunter2')}\n`);
  const { read, seen, decrypter } = open();
  await read({
    '.flux.yaml': 'version: 1\ncommandUpdated:\n  generators: [{ command: make }]\n',
    'secret.yaml': file,
  });
  expect(seen).toContain(file);
  expect(decrypter.decrypted).toEqual([]);
});
