import { configMap, type Entries, lines, link, submodule } from './checkout.ts';

/** A repository whose folder `app` must not be given to kustomize. */
export interface Hostile {
  readonly name: string;
  readonly files: Entries;
}

/** Addresses that kustomize fetches from, or that look so. */
const ADDRESSES = [
  'https://evil.example/a.yaml',
  'HTTPS://evil.example/a.yaml',
  'http://127.0.0.1:3030/api',
  'http:/evil.example/a.yaml',
  'https://github.com/org/repo?ref=main',
  'git::https://github.com/org/repo',
  'GIT::github.com/org/repo',
  'git@github.com:org/repo',
  'git@host.example:org/repo.git',
  'user@host.example/org/repo',
  'x@host/a/b',
  'github.com/org/repo//base?ref=v1',
  'GitHub.com/org/repo',
  'gİthub.com/org/repo',
  'GİTHUB.COM/org/repo',
  'github.com:org/repo',
  'GitHub.com:org/repo',
  'ssh://git@host.example/org/repo',
  'SSH://host.example/org/repo',
  'file:///etc',
  'file://etc/passwd',
  'git://host.example/org/repo',
  's3::https://bucket.example/a',
  'host.example:org/repo',
  '127.0.0.1:8080/a/b',
];

/** Ways out of the folder of a kustomization, for files. */
const ESCAPES = [
  '../secret.yaml',
  '/etc/passwd',
  '..//secret.yaml',
  './x/../../secret.yaml',
  '../../../../../../etc/passwd',
  '//etc/passwd',
];

const json = JSON.stringify;

/** A kustomization with a path, in each field that can have one. */
const FIELDS: readonly (readonly [field: string, text: (path: string) => string])[] = [
  ...[
    'resources',
    'bases',
    'components',
    'crds',
    'configurations',
    'generators',
    'transformers',
    'validators',
    'patchesStrategicMerge',
  ].map((field) => [field, (path: string) => `${field}: [${json(path)}]\n`] as const),
  ['openapi', (path) => `openapi: { path: ${json(path)} }\n`],
  ['patches', (path) => `patches: [{ path: ${json(path)} }]\n`],
  ['patchesJson6902', (path) => `patchesJson6902: [{ path: ${json(path)}, target: { kind: A, name: a, version: v1 } }]\n`],
  ['replacements', (path) => `replacements: [{ path: ${json(path)} }]\n`],
  ...['configMapGenerator', 'secretGenerator'].flatMap((field) => [
    [`${field}.files`, (path: string) => `${field}: [{ name: a, files: [${json(path)}] }]\n`] as const,
    [`${field}.files with a key`, (path: string) => `${field}: [{ name: a, files: [${json(`key=${path}`)}] }]\n`] as const,
    [`${field}.envs`, (path: string) => `${field}: [{ name: a, envs: [${json(path)}] }]\n`] as const,
    [`${field}.env`, (path: string) => `${field}: [{ name: a, env: ${json(path)} }]\n`] as const,
  ]),
  ...['generators', 'transformers', 'validators'].flatMap((field) =>
    plugins().map(([kind, text]) => [`${field}, ${kind}`, (path: string) => `${field}:\n- ${json(text(path))}\n`] as const),
  ),
];

/** Built-in plugins with a path. */
function plugins(): readonly (readonly [kind: string, text: (path: string) => string])[] {
  const builtin = (kind: string, ...rest: readonly string[]) =>
    lines('apiVersion: builtin', `kind: ${kind}`, 'metadata: { name: x }', ...rest);
  return [
    ['PatchTransformer', (path) => builtin('PatchTransformer', `path: ${json(path)}`, 'target: { kind: A }')],
    ['PatchTransformer in other case', (path) => builtin('PatchTransformer', `PATH: ${json(path)}`)],
    ['PatchJson6902Transformer', (path) => builtin('PatchJson6902Transformer', `path: ${json(path)}`)],
    ['PatchStrategicMergeTransformer', (path) => builtin('PatchStrategicMergeTransformer', `pathſ: [${json(path)}]`)],
    ['ReplacementTransformer', (path) => builtin('ReplacementTransformer', `replacements: [{ path: ${json(path)} }]`)],
    ['ConfigMapGenerator', (path) => builtin('ConfigMapGenerator', `files: [${json(path)}]`)],
    ['ConfigMapGenerator with a key', (path) => builtin('ConfigMapGenerator', `files: [${json(`key=${path}`)}]`)],
    ['SecretGenerator', (path) => builtin('SecretGenerator', `envs: [${json(path)}]`)],
    ['ValueAddTransformer', (path) => builtin('ValueAddTransformer', `targetFilePath: ${json(path)}`)],
    ['a second document', (path) => `${builtin('LabelTransformer')}---\n${builtin('SecretGenerator', `env: ${json(path)}`)}`],
  ];
}

/** A file may have the very name of an address, so that it is there. */
function withFileAt(path: string): Entries {
  const plain = path.split('/').filter((part) => part !== '' && part !== '.');
  if (plain.includes('..') || path.startsWith('/')) return {};
  return {
    [`app/${plain.join('/')}/kustomization.yaml`]: 'resources: [a.yaml]\n',
    [`app/${plain.join('/')}/a.yaml`]: configMap('x'),
  };
}

const helm =
  'apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: { name: x }\nname: minecraft\nrepo: https://charts.example\n';
const program = 'apiVersion: evil.example/v1\nkind: Program\nmetadata: { name: x }\n';
const app = (text: string, others: Entries = {}): Entries => ({ 'app/kustomization.yaml': text, ...others });
const one = (name: string, text: string, others: Entries = {}): Hostile => ({ name, files: app(text, others) });
const functionOf = (key: string, value: string) =>
  lines(
    'apiVersion: builtin',
    'kind: LabelTransformer',
    'metadata:',
    '  name: x',
    '  annotations:',
    `    ${key}: |`,
    `      ${value}`,
  );
const plugin = (text: string) => `generators:\n- ${json(text)}\n`;
const A = { 'app/a.yaml': configMap('a') };

/** Each field with each address, and each way out. */
export const HOSTILE_PATHS: readonly Hostile[] = [
  ...FIELDS.flatMap(([field, text]) =>
    [...ADDRESSES, ...(isFolder(field) ? [] : ESCAPES)].map((path) =>
      one(`${field}: ${path}`, text(path), { 'secret.yaml': configMap('secret'), ...withFileAt(path) }),
    ),
  ),
  ...ADDRESSES.map((path) =>
    one(
      `a plugin with = in an address: ${path}`,
      plugin(`apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: ${json(`${path}?x=a.yaml`)}\n`),
      A,
    ),
  ),
];

/** All others; each must be refused before anything is run. */
export const HOSTILE: readonly Hostile[] = [
  // Programs.
  one('an exec plugin', plugin(program)),
  one('an exec plugin in a file', 'generators: [a.yaml]\n', { 'app/a.yaml': program }),
  one('a plugin in the second document of a file', 'transformers: [a.yaml]\n', {
    'app/a.yaml': `${functionOf('a', 'b')}---\n${program}`,
  }),
  one(
    'a function in a container',
    `transformers:\n- ${json(functionOf('config.kubernetes.io/function', 'container: { image: evil }'))}\n`,
  ),
  one('a function that is a program', `validators:\n- ${json(functionOf('config.k8s.io/function', 'exec: { path: ./evil }'))}\n`),
  one('a plugin without a kind', plugin('metadata: { name: x }\n')),
  one('a plugin of another version of builtin', plugin('apiVersion: builtin/v1\nkind: LabelTransformer\nmetadata: {name: x}\n')),
  one(
    'a plugin that is a list',
    plugin(
      `apiVersion: builtin\nkind: ThingList\nitems:\n- ${json({ apiVersion: 'evil/v1', kind: 'P', metadata: { name: 'x' } })}\n`,
    ),
  ),
  one(
    'Helm in a list',
    plugin(
      `apiVersion: builtin\nkind: ThingList\nitems:\n- ${json({ apiVersion: 'builtin', kind: 'HelmChartInflationGenerator', metadata: { name: 'x' } })}\n`,
    ),
  ),
  one(
    'Helm in a List',
    plugin(
      `apiVersion: v1\nkind: List\nitems:\n- ${json({ apiVersion: 'builtin', kind: 'HelmChartInflationGenerator', metadata: { name: 'x' } })}\n`,
    ),
  ),
  one(
    'a plugin given twice',
    plugin('apiVersion: builtin\nkind: HelmChartInflationGenerator\nkind: LabelTransformer\nmetadata: {name: x}\n'),
  ),
  one('a folder of plugins', 'generators: [more]\n', {
    'app/more/kustomization.yaml': 'resources: [a.yaml]\n',
    'app/more/a.yaml':
      'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: ["http://127.0.0.1:3030/api"]\n',
  }),
  one('a folder of plugins that a patch changes', 'transformers: [more]\n', {
    'app/more/kustomization.yaml':
      'resources: [a.yaml]\npatches: [{ patch: "[{op: add, path: /path, value: http://127.0.0.1/}]" }]\n',
    'app/more/a.yaml': 'apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\n',
  }),
  one('a broken plugin, whose text is an address', plugin('github.com/org/repo\n}: [\n')),
  one('a broken plugin, whose text is an address with a user', plugin('git@host.example:org/repo\n\t- }: [\n')),
  one(
    'a plugin, whose text is an address beside a cut',
    plugin('github.com/o/r: x\napiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: x}\n---x: 1\n'),
  ),
  one('a broken file of plugins', 'generators: [a.yaml]\n', { 'app/a.yaml': 'apiVersion: builtin\n\t}: [' }),

  // Helm.
  ...[
    'helmCharts: [{ name: a, repo: https://charts.example }]',
    'helmCharts: []',
    'helmCharts:',
    'helmGlobals: { chartHome: charts }',
    'helmChartInflationGenerator: [{ chartName: a }]',
  ].map((text) => one(text, `${text}\nresources: [a.yaml]\n`, A)),
  one('the plugin for Helm', plugin(helm)),
  one('the plugin for Helm in a file', 'generators: [a.yaml]\n', { 'app/a.yaml': helm }),

  // Other spellings of keys, which Go's JSON folds.
  ...['Resources', 'RESOURCES', 'reſources', 'HelmCharts', 'helmchartſ', 'Bases', 'patcheſ', 'Components'].map((key) =>
    one(`the key ${key}`, `${key}: [https://evil.example/a.yaml]\n`),
  ),
  one('the key Path of a patch', 'patches: [{ Path: https://evil.example/a }]\n'),
  one('the key Files of a generator', 'configMapGenerator: [{ name: a, Files: [https://evil.example/a] }]\n'),
  one('the key ENVS of a generator', 'secretGenerator: [{ name: a, ENVS: [https://evil.example/a] }]\n'),
  one('the key PATH of a replacement', 'replacements: [{ PATH: https://evil.example/a }]\n'),
  one('a key that is given twice', 'resources: [https://evil.example/a]\nresources: [a.yaml]\n', A),
  one('a nested key that is given twice', 'patches: [{ path: https://evil.example/a, path: a.yaml }]\n', A),
  one('a field that does not exist', 'resources: [a.yaml]\nfetch: https://evil.example/a\n', A),

  // Other spellings of values.
  one('base64', `resources: [!!binary ${Buffer.from('https://evil.example/a').toString('base64')}]\n`),
  one(
    'base64 in a plugin',
    plugin(
      `apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: !!binary ${Buffer.from('http://127.0.0.1/a').toString('base64')}\n`,
    ),
  ),
  one(
    'a merge key in a plugin',
    plugin('apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: x }\n<<: { path: http://127.0.0.1/a }\n'),
  ),
  one(
    'an alias in a plugin',
    plugin(
      'apiVersion: builtin\nkind: PatchTransformer\nmetadata: { name: x, annotations: { a: &a http://127.0.0.1/a } }\npath: *a\n',
    ),
  ),
  one('escapes', 'resources: ["\\x68ttps:\\u002f\\x2fevil.example/a"]\n'),
  one('an alias', 'commonAnnotations: { a: &a https://evil.example/a }\nresources: [*a]\n'),
  one('a merge key', 'configMapGenerator: [{ name: a, <<: { files: [https://evil.example/a] } }]\n'),
  one('a merge key of an alias', 'x: &x { resources: [https://evil.example/a] }\n<<: *x\n'),
  one('folded lines', 'resources:\n- >-\n  https://evil.example/a\n'),
  one('JSON', json({ resources: ['https://evil.example/a'] })),
  one('JSON with escapes', '{"resources": ["https:\\/\\/evil.example\\/a"]}'),
  one('a byte order mark', `\uFEFFresources: [https://evil.example/a]\n`),
  one('UTF-16', 'x', {
    'app/kustomization.yaml': { mode: '100644', content: Buffer.from('\uFEFFresources: [https://evil.example/a]\n', 'utf16le') },
  }),
  one('a second document', `resources: [a.yaml]\n---\nresources: [https://evil.example/a]\n`, A),
  one('a first document', `resources: [https://evil.example/a]\n---\nresources: [a.yaml]\n`, A),
  one('a path that is a number', 'resources: [1]\n'),
  one('a path that is a map', 'resources: [{ path: https://evil.example/a }]\n'),
  one('a path that is null', 'resources: [null]\n'),
  one('an empty path', 'resources: [""]\n'),
  one('resources that are a text', 'resources: https://evil.example/a\n'),
  one('a list', '- https://evil.example/a\n'),
  one('nothing', '\n'),
  one('a kind that does not exist', 'kind: Program\nresources: [a.yaml]\n', A),

  // Links and folders.
  one('a link to a file above', 'resources: [a.yaml]\n', { 'app/a.yaml': link('../secret.yaml'), 'secret.yaml': configMap('s') }),
  one('a link to an absolute path', 'resources: [a.yaml]\n', { 'app/a.yaml': link('/etc/passwd') }),
  one('a link out of the repository', 'resources: [a.yaml]\n', { 'app/a.yaml': link('../../x') }),
  one('a link in the middle', 'configMapGenerator: [{ name: a, files: [up/secret.yaml] }]\n', {
    'app/up': link('..'),
    'secret.yaml': configMap('s'),
  }),
  one('a chain of links', 'resources: [a.yaml]\n', {
    'app/a.yaml': link('b/c'),
    'app/b': link('../x'),
    'x/c': link('../secret.yaml'),
    'secret.yaml': configMap('s'),
  }),
  one('a link to itself', 'resources: [a.yaml]\n', { 'app/a.yaml': link('a.yaml') }),
  one('links in a circle', 'resources: [a.yaml]\n', { 'app/a.yaml': link('b.yaml'), 'app/b.yaml': link('a.yaml') }),
  one('an empty link', 'resources: [a.yaml]\n', { 'app/a.yaml': link('') }),
  one('a link of a base to an absolute folder', 'resources: [base]\n', { 'app/base': link('/etc') }),
  one('a path behind a link and back', 'resources: [l/../a.yaml]\n', {
    'app/l': link('sub/deep'),
    'app/sub/deep/x': '',
    'app/sub/a.yaml': configMap('a'),
  }),
  { name: 'a kustomization that is a link', files: { 'app/kustomization.yaml': link('../x.yaml'), 'x.yaml': 'resources: []\n' } },
  one('a kustomization.yml beside it', 'resources: [a.yaml]\n', {
    ...A,
    'app/kustomization.yml': 'resources: [https://evil.example/a]\n',
  }),
  one('a Kustomization beside it', 'resources: [a.yaml]\n', {
    ...A,
    'app/Kustomization': 'resources: [https://evil.example/a]\n',
  }),
  one('a link named Kustomization beside it', 'resources: [a.yaml]\n', { ...A, 'app/Kustomization': link('kustomization.yaml') }),
  one('a submodule', 'resources: [lib]\n', { 'app/lib': submodule }),
  one('a file in a submodule', 'resources: [lib/a.yaml]\n', { 'app/lib': submodule }),
  one('a folder without a kustomization', 'resources: [more]\n', { 'app/more/a.yaml': configMap('a') }),
  one('a folder as a patch', 'patches: [{ path: more }]\n', { 'app/more/kustomization.yaml': 'resources: []\n' }),
  one('a file as a component', 'components: [a.yaml]\n', A),
  one('a component as a resource', 'resources: [c]\n', { 'app/c/kustomization.yaml': 'kind: Component\n' }),
  one('a kustomization as a component', 'components: [c]\n', { 'app/c/kustomization.yaml': 'kind: Kustomization\n' }),
  one('itself', 'resources: [.]\n'),
  one('itself by its name', 'resources: [../app]\n'),
  one('the root above', 'resources: [..]\n', { 'kustomization.yaml': 'resources: []\n' }),
  one('a cycle of two', 'resources: [../b]\n', { 'b/kustomization.yaml': 'resources: [../app]\n' }),
  one('a cycle by a link', 'resources: [l]\n', { 'app/l': link('../b'), 'b/kustomization.yaml': 'resources: [../app]\n' }),
  one('a cycle of components', 'components: [../b]\n', {
    'b/kustomization.yaml': 'kind: Component\ncomponents: [../c]\n',
    'c/kustomization.yaml': 'kind: Component\ncomponents: [../b]\n',
  }),
  one('an address in a base', 'resources: [../b]\n', { 'b/kustomization.yaml': 'resources: [https://evil.example/a]\n' }),
  one('an address in a component of a base', 'resources: [../b]\n', {
    'b/kustomization.yaml': 'components: [../c]\n',
    'c/kustomization.yaml': 'kind: Component\npatches: [{ path: http://127.0.0.1/ }]\n',
  }),
  one('Helm in a base', 'resources: [../b]\n', { 'b/kustomization.yaml': 'helmCharts: [{ name: a }]\n' }),

  // Sizes.
  one('a name of more than 255 bytes', `resources: [${'x'.repeat(300)}]\n`, { [`app/${'x'.repeat(300)}`]: configMap('a') }),
  one('a path of more than 2,048 bytes', `resources: [${'d/'.repeat(1100)}a]\n`, {
    [`app/${'d/'.repeat(1100)}a`]: configMap('a'),
  }),
  one('more than 32 KiB', `resources: [a.yaml]\n#${'x'.repeat(32 << 10)}`, A),
  one('a plugin of more than 32 KiB', 'generators: [a.yaml]\n', {
    'app/a.yaml': `apiVersion: builtin\nkind: LabelTransformer\n#${'x'.repeat(32 << 10)}`,
  }),
];

function isFolder(field: string): boolean {
  return ['resources', 'bases', 'components'].includes(field);
}
