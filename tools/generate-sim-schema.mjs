// Regenerates src/sim/kubernetes/schema-data.json from a real API server:
//   node tools/generate-sim-schema.mjs KUBECONFIG [OUTPUT]      (kubectl from $KUBECTL or the PATH; OUTPUT "-" prints)
// It keeps what decides a server's answers (names, scopes, verbs, types, merge keys, wire defaults) and drops the prose.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [kubeconfig, output = join(import.meta.dirname, '../src/sim/kubernetes/schema-data.json')] = process.argv.slice(2);
if (!kubeconfig) {
  console.error('usage: node tools/generate-sim-schema.mjs KUBECONFIG [OUTPUT]');
  process.exit(2);
}

function get(path) {
  const args = ['--kubeconfig', kubeconfig, 'get', '--raw', path];
  return JSON.parse(execFileSync(process.env.KUBECTL ?? 'kubectl', args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
}

const SCALARS = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'time',
};
const definitions = {};
const shortNames = new Map();
const queue = [];

/** "core.v1.PodSpec": enough of a definition's name to be unique; asking for it puts the definition on the list to write. */
function typeName(definition) {
  const short = definition.split('.').slice(-3).join('.');
  const known = shortNames.get(short);
  if (known === undefined) {
    shortNames.set(short, definition);
    queue.push(short);
  } else if (known !== definition) throw new Error(`${known} and ${definition} would both be ${short}`);
  return short;
}

function typeOf(schema) {
  const ref = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (ref !== undefined) {
    const definition = ref.replace('#/components/schemas/', '');
    if (definition in SCALARS) return SCALARS[definition];
    return definitions[definition].properties === undefined ? 'any' : `@${typeName(definition)}`;
  }
  if (schema.type === 'array') {
    const kind = schema['x-kubernetes-list-type'];
    const items = typeOf(schema.items);
    if (kind === 'map') return { list: items, keys: schema['x-kubernetes-list-map-keys'] };
    return kind === 'set' ? { list: items, set: true } : { list: items };
  }
  if (schema.type === 'object') return schema.additionalProperties ? { map: typeOf(schema.additionalProperties) } : 'any';
  if (schema.type === 'string') return { byte: 'bytes', 'date-time': 'time' }[schema.format] ?? 'string';
  return schema.type ?? 'any';
}

function fieldOf(schema) {
  const type = typeOf(schema);
  const strategy = schema['x-kubernetes-patch-strategy'] ?? '';
  const extra = {
    ...(schema['x-kubernetes-map-type'] === 'atomic' && { atomic: true }),
    // Go writes a struct held by value even when it is empty; OpenAPI shows it by this default.
    ...(JSON.stringify(schema.default) === '{}' && { always: true }),
    ...(['string', 'number', 'boolean'].includes(typeof schema.default) && schema.default && { default: schema.default }),
    ...(strategy.includes('merge') && { patchMerge: schema['x-kubernetes-patch-merge-key'] ?? '' }),
    ...(strategy.includes('retainKeys') && { retainKeys: true }),
  };
  if (Object.keys(extra).length === 0) return type;
  return { ...(typeof type === 'string' ? { type } : type), ...extra };
}

/** The classic discovery document is stable across versions and says the same as the aggregated one. */
function resourcesOf(path, group, version, kinds) {
  const all = get(path).resources;
  return all
    .filter((resource) => !resource.name.includes('/'))
    .map((resource) => {
      const definition = kinds.get(`${resource.group ?? group}/${resource.version ?? version}/${resource.kind}`);
      const subresources = all
        .filter((sub) => sub.name.startsWith(`${resource.name}/`))
        .map((sub) => [
          sub.name.slice(resource.name.length + 1),
          { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind, verbs: sub.verbs },
        ]);
      return {
        group,
        version,
        kind: resource.kind,
        plural: resource.name,
        singular: resource.singularName,
        namespaced: resource.namespaced,
        verbs: resource.verbs,
        ...(resource.shortNames && { shortNames: resource.shortNames }),
        ...(resource.categories && { categories: resource.categories }),
        ...(subresources.length > 0 && { subresources: Object.fromEntries(subresources) }),
        ...(definition && { type: typeName(definition) }),
      };
    });
}

const BUILT_IN = /^apis\/(?:[a-z]+|[a-z.]+\.k8s\.io)\/v\d+$/;
const paths = Object.keys(get('/openapi/v3').paths).filter((path) => path === 'api/v1' || BUILT_IN.test(path));
const resources = paths.sort().flatMap((path) => {
  const { schemas } = get(`/openapi/v3/${path}`).components;
  Object.assign(definitions, schemas);
  const kinds = new Map(
    Object.entries(schemas).flatMap(([name, schema]) =>
      (schema['x-kubernetes-group-version-kind'] ?? []).map((id) => [`${id.group}/${id.version}/${id.kind}`, name]),
    ),
  );
  const [group, version] = path === 'api/v1' ? ['', 'v1'] : path.split('/').slice(1);
  return resourcesOf(`/${path}`, group, version, kinds);
});

const types = {};
for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
  const schema = definitions[shortNames.get(name)];
  const fields = Object.entries(schema.properties).map(([field, value]) => [field, fieldOf(value)]);
  types[name] = {
    ...(schema['x-kubernetes-map-type'] === 'atomic' && { atomic: true }),
    ...(schema.required && { required: schema.required }),
    fields: Object.fromEntries(fields),
  };
}

const lines = (entries) => entries.map((entry) => `    ${entry}`).join(',\n');
const sorted = Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1));
const text = `{
  "kubernetesVersion": ${JSON.stringify(get('/version').gitVersion)},
  "resources": [
${lines(resources.map((resource) => JSON.stringify(resource)))}
  ],
  "types": {
${lines(sorted.map(([name, type]) => `${JSON.stringify(name)}: ${JSON.stringify(type)}`))}
  }
}
`;
if (output === '-') process.stdout.write(text);
else writeFileSync(output, text);
