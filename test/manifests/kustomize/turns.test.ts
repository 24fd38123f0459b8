import { expect, test } from 'vitest';
import { createManifests } from '../../../src/manifests/index.ts';
import { MAX_KUSTOMIZATION_BYTES } from '../../../src/manifests/kustomize/kustomization.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { longestTurn } from '../../support/turn-cpu.ts';
import { HOSTILE_SHAPES } from '../hostile-files.ts';
import { configMap, type Entries, lines, revisionOf } from './checkout.ts';

/** No repository may keep the daemon from answering for longer, milliseconds of CPU. */
const TURN_MS = 50;
const LENGTH = MAX_KUSTOMIZATION_BYTES;
const K = 'kustomization.yaml';
const OUTPUT = Buffer.from(configMap('good'));

/** Reads a repository twice, the second time from the cache, and measures the longest turn. */
async function read(files: Entries) {
  const program = { build: async () => ({ kind: 'built' as const, output: OUTPUT }) };
  const runner = { run: () => Promise.reject(new Error('no command is run')) };
  const manifests = createManifests({
    kustomize: { program, auto: true, timeoutMs: 1_000 },
    generation: { runner, environment: {}, timeoutMs: 1_000 },
  });
  const { files: listed, blob } = revisionOf({ ...files, [`good/${K}`]: 'configMapGenerator: [{ name: a }]\n' });
  const attempt = () => longestTurn(() => manifests.read(listed, blob));
  const first = await attempt();
  const again = await attempt();
  return { state: first.result, cpuMs: Math.max(first.cpuMs, again.cpuMs) };
}

async function faultsOf(name: string, files: Entries): Promise<readonly string[]> {
  const first = await read(files);
  // Garbage of other tests is collected at any time; what a repository costs, it costs again.
  const cpuMs = first.cpuMs > TURN_MS ? Math.min(first.cpuMs, (await read(files)).cpuMs) : first.cpuMs;
  if (cpuMs > TURN_MS / 2) console.log(`${name}: ${cpuMs.toFixed(0)} ms`);
  const isGoodRead = first.state.manifests.some(({ place }) => place.file === `good/${K}`);
  return [
    ...(cpuMs > TURN_MS ? [`${name}: ${cpuMs.toFixed(0)} ms between two turns`] : []),
    ...(isGoodRead ? [] : [`${name}: the one beside it is not built`]),
  ];
}

const numbered = (count: number, entry: (n: number) => readonly [path: string, text: string]): Entries =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => entry(n)));
const list = (paths: readonly string[]) => `resources:\n${paths.map((path) => `- ${path}\n`).join('')}`;

/** Content of one file. */
const CONTENT: readonly (readonly [name: string, text: (length: number) => string])[] = [
  ...HOSTILE_SHAPES.map(({ name, make }) => [name, make] as const),
  ['very many resources', (length) => `resources:\n${'- a\n'.repeat(length / 4)}`],
  ['very many resources in brackets', (length) => `resources: [${'a,'.repeat(length / 2)}a]`],
  ['very many bad generators', (length) => `configMapGenerator: [${'1,'.repeat(length / 2)}1]`],
  ['very many unknown fields', (length) => Array.from({ length: length / 8 }, (_, n) => `k${n}: 1`).join('\n')],
  ['very many quotes', (length) => `resources: ["${'\'"'.repeat(length / 2)}`],
  ['very many colons', (length) => `a${': '.repeat(length / 2)}`],
  ['a good one, and very many documents', (length) => `namespace: a\n---\n${'---\n[\n'.repeat(length / 6)}`],
  ['very many dashes', (length) => '- '.repeat(length / 2)],
];

test('S-027 no content of a kustomization blocks the event loop', async () => {
  const broken: string[] = [];
  for (const [name, make] of sampled('hostile contents of kustomizations', CONTENT, 5)) {
    const text = make(LENGTH).slice(0, LENGTH - 100);
    broken.push(...(await faultsOf(name, { [`a/${K}`]: text, [`b/${K}`]: `${text}\nnamespace: a\n` })));
  }
  expect(broken).toEqual([]);
}, 600_000);

test('S-027 no content of a plugin, nor of a .flux.yaml, blocks the event loop', async () => {
  const broken: string[] = [];
  for (const [name, make] of sampled('hostile contents of plugins and .flux.yaml', CONTENT, 3)) {
    const text = make(LENGTH).slice(0, LENGTH - 100);
    const plugin = `apiVersion: builtin\nkind: LabelTransformer\nmetadata: { name: a }\n${text}`.slice(0, LENGTH);
    const files = {
      [`a/${K}`]: 'generators: [a.yaml]\n',
      'a/a.yaml': plugin,
      [`b/${K}`]: `generators:\n- ${JSON.stringify(plugin)}\n`.slice(0, LENGTH),
      'c/.flux.yaml': `# kustomize\n${text}`,
    };
    broken.push(...(await faultsOf(name, files)));
  }
  expect(broken).toEqual([]);
}, 600_000);

/** `count` is 1 for the largest. */
const REPOSITORIES: readonly (readonly [name: string, files: (part: number) => Entries])[] = [
  [
    'one of very many files',
    (part) => ({
      [`a/${K}`]: list(Array.from({ length: 8_000 * part }, (_, n) => `${n}`)),
      ...numbered(8_000 * part, (n) => [`a/${n}`, `${n}`]),
    }),
  ],
  [
    'a base of many files, and very many users',
    (part) => ({
      [`base/${K}`]: list(Array.from({ length: 150 }, (_, n) => `${n}`)),
      ...numbered(150, (n) => [`base/${n}`, '']),
      ...numbered(5_000 * part, (n) => [`o${n}/${K}`, lines('resources: [../base]', `nameSuffix: ${n}`)]),
    }),
  ],
  ['a long chain', (part) => numbered(20_000 * part, (n) => [`a${n}/${K}`, list([`../a${n + 1}`])])],
  ['a long circle', (part) => numbered(5_000 * part, (n) => [`a${n}/${K}`, list([`../a${(n + 1) % (5_000 * part)}`])])],
  [
    'each refers to all',
    (part) => numbered(600 * part, (n) => [`a${n}/${K}`, list(Array.from({ length: 600 * part }, (_, m) => `../a${m}`))]),
  ],
  [
    'many circles that refer to a long one',
    (part) => ({
      ...numbered(4_000 * part, (n) => [`z${n}/${K}`, list([`../z${(n + 1) % (4_000 * part)}`])]),
      ...numbered(4_000 * part, (n) => [`a${n}/${K}`, list([`../a${n ^ 1}`, '../z0'])]),
    }),
  ],
  [
    'all are referred to by one',
    (part) => ({
      [`a/${K}`]: list(Array.from({ length: 5_000 * part }, (_, n) => `../b${n}`)),
      ...numbered(5_000 * part, (n) => [`b${n}/${K}`, `namespace: n${n}\n`]),
    }),
  ],
  [
    'deep folders',
    (part) => ({
      ...numbered(1_000 * part, (n) => [`${'d/'.repeat(1_500)}${n}/${K}`, 'namespace: a\n']),
      ...numbered(5_000 * part, (n) => [`${'d/'.repeat(1_500)}x${n}.yaml`, '']),
    }),
  ],
  ['very many that are broken', (part) => numbered(5_000 * part, (n) => [`a${n}/${K}`, `${'- x y\n'.repeat(20)}}${n}`])],
  ['a broken one that is large', (part) => ({ [`a/${K}`]: 'x y '.repeat((1 << 20) * part) })],
  ['a broken one of one word', (part) => ({ [`a/${K}`]: `}${'x'.repeat((4 << 20) * part)}` })],
  ['a broken one of very many quotes', (part) => ({ [`a/${K}`]: `}${`'"`.repeat((1 << 20) * part)}` })],
  ['a broken one of blanks', (part) => ({ [`a/${K}`]: `}${' '.repeat((1 << 20) * part)}x` })],
  ['very many plain files', (part) => ({ [`a/${K}`]: 'namespace: a\n', ...numbered(50_000 * part, (n) => [`a/${n}.yaml`, '']) })],
  ['links in a row', (part) => ({ [`a/${K}`]: list(Array.from({ length: 1_000 * part }, (_, n) => `l${n}`)), 'a/x': '' })],
];

test('S-027 no shape of a repository blocks the event loop', async () => {
  const broken: string[] = [];
  const part = thorough('the largest repositories') ? 1 : 0.01;
  for (const [name, files] of REPOSITORIES) broken.push(...(await faultsOf(name, files(part))));
  expect(broken).toEqual([]);
}, 600_000);
