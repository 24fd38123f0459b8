import fc from 'fast-check';
import { configMap, type Entries, type Entry, lines, link } from '../checkout.ts';

/** A repository of bases, overlays, components, generators, patches and links; the folder `top` is built. */
export interface RandomRepository {
  readonly files: Entries;
}

const json = JSON.stringify;
const plugin = (kind: string, name: string, ...rest: readonly string[]) =>
  lines('apiVersion: builtin', `kind: ${kind}`, 'metadata:', `  name: ${name}`, ...rest);

/** What a folder has besides its resources, by number. */
interface Extras {
  readonly links: boolean;
  readonly generator: 'none' | 'files' | 'key' | 'envs' | 'env' | 'inline plugin' | 'plugin file';
  readonly patch: 'none' | 'path' | 'inline' | 'merge' | 'json';
  readonly transformer: 'none' | 'inline' | 'file' | 'replacement';
  readonly other: 'none' | 'configuration' | 'crd' | 'openapi';
  readonly component: boolean;
  readonly baseBy: 'path' | 'slash' | 'link' | 'dots';
  readonly layout: 'block' | 'flow' | 'json';
}

const extras: fc.Arbitrary<Extras> = fc.record({
  links: fc.boolean(),
  generator: fc.constantFrom('none', 'files', 'key', 'envs', 'env', 'inline plugin', 'plugin file'),
  patch: fc.constantFrom('none', 'path', 'inline', 'merge', 'json'),
  transformer: fc.constantFrom('none', 'inline', 'file', 'replacement'),
  other: fc.constantFrom('none', 'configuration', 'crd', 'openapi'),
  component: fc.boolean(),
  baseBy: fc.constantFrom('path', 'slash', 'link', 'dots'),
  layout: fc.constantFrom('block', 'flow', 'json'),
});

/** Folders in a row, each the base of the one before, some with components; and files that nothing reads. */
export const repositories: fc.Arbitrary<RandomRepository> = fc.array(extras, { minLength: 1, maxLength: 4 }).map((all) => ({
  files: Object.assign(
    { 'unused.txt': 'x', 'top/unused.txt': 'x' },
    ...all.map((each, n) => folderOf(n, each, n < all.length - 1)),
  ),
}));

function folderOf(
  n: number,
  { links, generator, patch, transformer, other, component, baseBy, layout }: Extras,
  hasBase: boolean,
): Entries {
  const name = n === 0 ? 'top' : `base ${n}`;
  const next = `base ${n + 1}`;
  const files: Record<string, string | Entry> = {};
  const put = (path: string, entry: string | Entry) => {
    files[`${name}/${path}`] = entry;
  };
  const fields: Record<string, unknown> = {};
  const resources = [`a${n}.yaml`, `sub/b${n}.yaml`];
  put(`a${n}.yaml`, configMap(`a${n}`));
  put(`real/b${n}.yaml`, configMap(`b${n}`));
  put('unused.yaml', configMap('unused'));
  if (links) put('sub', link('real'));
  else put(`sub/b${n}.yaml`, configMap(`b${n}`));
  if (hasBase) {
    const by = { path: `../${next}`, slash: `.././${next}/`, link: '../links/next', dots: `x/../../${next}` }[baseBy];
    if (baseBy === 'link') files['links/next'] = link(`../links/../${next}`);
    if (baseBy === 'link') resources.push(`../links${n}`);
    else resources.push(by);
    if (baseBy === 'link') files[`links${n}`] = link(next);
  }
  const generated = { name: `g${n}`, options: { disableNameSuffixHash: n % 2 === 0 } };
  if (generator === 'files' || generator === 'key') {
    put('data/x.txt', `data ${n}\n`);
    fields.configMapGenerator = [{ ...generated, files: [generator === 'key' ? 'my-key=data/x.txt' : './data/x.txt'] }];
  }
  if (generator === 'envs' || generator === 'env') {
    put('x.env', `A=${n}\n`);
    fields.secretGenerator = [{ ...generated, ...(generator === 'env' ? { env: 'x.env' } : { envs: ['x.env'] }) }];
  }
  if (generator === 'inline plugin') {
    put('y.txt', `y ${n}`);
    fields.generators = [plugin('ConfigMapGenerator', `p${n}`, 'files: [z=y.txt]')];
  }
  if (generator === 'plugin file') {
    put('y.env', `Y=${n}`);
    put('g.yaml', plugin('SecretGenerator', `p${n}`, 'envs: [y.env]'));
    fields.generators = ['g.yaml'];
  }
  const patched = lines('apiVersion: v1', 'kind: ConfigMap', 'metadata:', `  name: a${n}`, 'data:', `  patched: "${n}"`);
  const target = { version: 'v1', kind: 'ConfigMap', name: `a${n}` };
  if (patch === 'path') {
    put('patch.yaml', patched);
    fields.patches = [{ path: 'patch.yaml' }];
  }
  if (patch === 'inline') fields.patches = [{ patch: patched }];
  if (patch === 'merge') {
    put('merge.yaml', patched);
    fields.patchesStrategicMerge = ['merge.yaml', patched];
  }
  if (patch === 'json') {
    put('patch.json', json([{ op: 'add', path: '/data/json', value: `${n}` }]));
    fields.patchesJson6902 = [{ path: 'patch.json', target }];
  }
  if (transformer === 'inline')
    fields.transformers = [
      plugin('LabelTransformer', 'l', `labels: { n: "${n}" }`, 'fieldSpecs: [{ path: metadata/labels, create: true }]'),
    ];
  if (transformer === 'file') {
    put(
      't.yaml',
      `${plugin('PatchTransformer', 't', 'path: tp.yaml')}---\n${plugin('AnnotationsTransformer', 's', `annotations: { n: "${n}" }`, 'fieldSpecs: [{ path: metadata/annotations, create: true }]')}`,
    );
    put('tp.yaml', patched.replace('patched', 'transformed'));
    fields.transformers = ['t.yaml'];
  }
  if (transformer === 'replacement') {
    put(
      'r.yaml',
      `source: { kind: ConfigMap, name: a${n}, fieldPath: data.key }\ntargets: [{ select: { name: b${n} }, fieldPaths: [data.key] }]\n`,
    );
    fields.replacements = [{ path: 'r.yaml' }];
  }
  if (other === 'configuration') {
    put('c.yaml', 'nameReference:\n- kind: ConfigMap\n  fieldSpecs: [{ path: data/key, kind: ConfigMap }]\n');
    fields.configurations = ['c.yaml'];
    fields.namePrefix = `n${n}-`;
  }
  if (other === 'crd') {
    put('crd.json', json({ 'example.v1.A': { Schema: { properties: {} } } }));
    fields.crds = ['crd.json'];
  }
  if (other === 'openapi' && n === 0) {
    put('schema.json', json({ definitions: {} }));
    fields.openapi = { path: 'schema.json' };
  }
  if (component) {
    fields.components = [`../component ${n}`];
    files[`component ${n}/kustomization.yaml`] = lines(
      'apiVersion: kustomize.config.k8s.io/v1alpha1',
      'kind: Component',
      'resources: [c.yaml]',
      `commonAnnotations: { component: "${n}" }`,
    );
    files[`component ${n}/c.yaml`] = configMap(`c${n}`);
  }
  put('kustomization.yaml', textOf({ resources, ...fields }, layout));
  return files;
}

function textOf(fields: Readonly<Record<string, unknown>>, layout: Extras['layout']): string {
  if (layout === 'json') return json(fields);
  if (layout === 'flow')
    return `# flow\n{${Object.entries(fields)
      .map(([key, value]) => `${key}: ${json(value)}`)
      .join(', ')}}\n`;
  return lines(
    '# block',
    ...Object.entries(fields).flatMap(([key, value]) =>
      Array.isArray(value) ? [`${key}:`, ...value.map((item) => `- ${json(item)}`)] : [`${key}: ${json(value)}`],
    ),
  );
}
