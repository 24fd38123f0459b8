import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock, waitOrAbort } from '../../../src/base/index.ts';
import { createManifests, type Decrypter, type HiddenFiles } from '../../../src/manifests/index.ts';
import { createHelm, createKustomize } from '../../../src/sandbox/index.ts';
import { until } from '../../support/until.ts';
import { config, NO_ARCHIVES } from '../helm/program.ts';
import { configMap, type Entries, revisionOf } from '../kustomize/checkout.ts';
import { enc, encrypted, imitatedDecrypter } from './imitation.ts';

const TIMEOUT_MS = 60_000;
const SECRET = encrypted(`a: ${enc('b')}\n`);

/** A key service that does not answer for files below `hangs`, until a test lets it. */
function keyService() {
  const { mayBeEncrypted, decrypt } = imitatedDecrypter();
  const answering = Promise.withResolvers<void>();
  const waiting = new Set<object>();
  const decrypter: Decrypter & HiddenFiles = {
    mayBeEncrypted,
    async decrypt(file, cancel) {
      if (file.path.startsWith('hangs')) {
        waiting.add(file);
        try {
          await waitOrAbort(answering.promise, cancel.signal);
        } finally {
          waiting.delete(file);
        }
      }
      return (await decrypt(file, cancel)) ?? Buffer.from('a: b\n');
    },
  };
  return { decrypter, waiting, answer: answering.resolve };
}

/** kustomize and Helm as fluxd runs them, with a script in their place. */
async function programs() {
  const parent = await mkdtemp(join(tmpdir(), 'flux-places-'));
  const program = join(parent, 'program');
  await writeFile(program, `#!/bin/sh\n/bin/cat <<'E'\n${configMap('good')}E\n`);
  await chmod(program, 0o755);
  const options = (name: string) => ({
    program,
    directory: join(parent, name),
    memoryDirectory: `/dev/shm/flux-places-${process.pid}-${name}`,
    clock: systemClock,
    logger: silentLogger(),
  });
  const [kustomize, helm] = [createKustomize(options('kustomize')), createHelm(options('helm'))];
  onTestFinished(async () => {
    await kustomize.close();
    await helm.close();
    await rm(parent, { recursive: true });
  });
  return { kustomize, helm };
}

type Programs = Awaited<ReturnType<typeof programs>>;

/** A source, and the folders or releases that its programs rendered. */
function sourceOf({ kustomize, helm }: Programs, { decrypter }: { readonly decrypter: Decrypter & HiddenFiles }) {
  const rendered: string[] = [];
  const manifests = createManifests({
    decrypter,
    hiddenFiles: decrypter,
    kustomize: {
      program: {
        async build(folder, files, limits) {
          const outcome = await kustomize.build(folder, files, limits);
          rendered.push(folder);
          return outcome;
        },
      },
      auto: true,
      timeoutMs: TIMEOUT_MS,
    },
    generation: { runner: { run: () => Promise.reject(new Error('a command runs')) }, environment: {}, timeoutMs: TIMEOUT_MS },
    helm: {
      program: {
        async template(args, files, limits) {
          const outcome = await helm.template(args, files, limits);
          rendered.push(`${args[0]}`);
          return outcome;
        },
      },
      capabilities: async () => ({ apiVersions: [] }),
      archives: NO_ARCHIVES,
      timeoutMs: TIMEOUT_MS,
    },
  });
  const read = (entries: Entries, signal?: AbortSignal) => {
    const { files, blob } = revisionOf(entries);
    return manifests.read(files, blob, signal ? { signal } : {});
  };
  return { rendered, read };
}

/** Reads until a test ends, which ends the reading. */
function reading(read: (signal: AbortSignal) => Promise<unknown>) {
  const cancel = new AbortController();
  const ended = Promise.allSettled([read(cancel.signal)]);
  onTestFinished(async () => {
    cancel.abort(new Error('the test ends'));
    await ended;
  });
  return { cancel, ended };
}

type Unit = (folder: string, file: string) => Entries;

const kustomized: Unit = (folder, file) => ({
  [`${folder}/kustomization.yaml`]: 'resources: [a.yaml]\n',
  [`${folder}/a.yaml`]: `# ${folder}\n${file}`,
});
const charted: Unit = (folder, file) => ({
  [`${folder}/.flux.yaml`]: config('chart: ./chart', `releaseName: ${folder}`, 'namespace: default', 'valuesFiles: [v.yaml]'),
  [`${folder}/chart/Chart.yaml`]: 'name: a\n',
  [`${folder}/chart/templates/a.yaml`]: 'a: b\n',
  [`${folder}/v.yaml`]: `# ${folder}\n${file}`,
});
const hidden: Unit = (folder) => ({
  [`${folder}/kustomization.yaml`]: 'resources: [a.yaml]\n',
  [`${folder}/a.yaml.secret`]: `${folder}: hidden\n`,
});
const hanging = (unit: Unit, count: number): Entries =>
  Object.assign({}, ...Array.from({ length: count }, (_, index) => unit(`hangs${index}`, SECRET)));
const LIST = { '.gitsecret/paths/mapping.cfg': Array.from({ length: 20 }, (_, index) => `hangs${index}/a.yaml\n`).join('') };

test.each<[string, number, Entries, Entries]>([
  ['kustomize, and two that wait', 2, hanging(kustomized, 2), kustomized('ready', configMap('a'))],
  ['Helm, and two that wait', 2, hanging(charted, 2), charted('ready', 'a: b\n')],
  ['kustomize, and more than have a place', 8, hanging(kustomized, 20), kustomized('ready', configMap('a'))],
  ['Helm, and more than have a place', 8, hanging(charted, 20), charted('ready', 'a: b\n')],
  ['kustomize, and hidden files', 8, { ...LIST, ...hanging(hidden, 20) }, kustomized('ready', configMap('a'))],
])('a unit is rendered while no key service answers for others: %s', async (_, waiting, others, clean) => {
  const keys = keyService();
  const { read, rendered } = sourceOf(await programs(), keys);
  const { cancel, ended } = reading((signal) => read({ ...others, ...clean }, signal));
  await until('others wait for the key service', () => keys.waiting.size === waiting);
  await until('the clean unit is rendered', () => rendered.includes('ready'));
  expect(keys.waiting.size).toBe(waiting);
  cancel.abort(new Error('enough'));
  expect(await ended).toMatchObject([{ status: 'rejected', reason: { message: 'enough' } }]);
  expect([...keys.waiting]).toEqual([]);
});

test('sources share the places, and those that wait get one as soon as the key service answers', async () => {
  const keys = keyService();
  const both = await programs();
  const [first, second] = [sourceOf(both, keys), sourceOf(both, keys)];
  const readings = [first, second].map(({ read }) => reading((signal) => read(hanging(kustomized, 12), signal)));
  await until('others wait for the key service', () => keys.waiting.size === 8);
  expect(first.rendered.length + second.rendered.length).toBe(0);
  keys.answer();
  for (const { ended } of readings) expect(await ended).toMatchObject([{ status: 'fulfilled' }]);
  expect([first.rendered.length, second.rendered.length]).toEqual([12, 12]);
});
