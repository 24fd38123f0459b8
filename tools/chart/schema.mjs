// The schema of the chart's values. Helm prints only what JSON Schema itself can say; so a hint stands among the values that are allowed.
import { FLAGS } from '../../src/config/index.ts';

/** What older charts of Flux v1 had. */
const REMOVED = {
  helmOperator: 'removed: the Helm operator is a chart of its own',
  'git.gitPath': 'renamed: git.path',
};

/** Why a value is refused unless it is empty or false; undefined when it is not. */
export function refusalOf({ flag, refuse }) {
  if (refuse) return refuse;
  if (flag && !FLAGS[flag]) throw new Error(`values.yaml: fluxd has no flag --${flag}`);
  return flag && FLAGS[flag].status === 'unbuilt' ? `not supported yet: fluxd --${flag}; leave it out` : undefined;
}

export function schemaOf(values) {
  const root = section();
  for (const value of values) {
    const keys = value.path.split('.');
    const name = keys.pop();
    let parent = root;
    for (const key of keys) parent = parent.properties[key] ??= section();
    parent.properties[name] = schemaOfValue(value);
  }
  for (const [path, hint] of Object.entries(REMOVED)) {
    const keys = path.split('.');
    const name = keys.pop();
    keys.reduce((parent, key) => parent.properties[key], root).properties[name] = { deprecated: true, enum: [hint] };
  }
  // What a chart hands to the charts below it.
  root.properties.global = { description: 'Values of a chart around this one.', type: ['object', 'null'] };
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: 'Values of the chart flux', ...closed(root) };
}

/** A null, as an empty value in YAML is, leaves the default. */
function section() {
  return { type: ['object', 'null'], properties: {} };
}

/** Refuses other names, and says which there are. */
function closed({ properties, ...schema }) {
  const children = Object.entries(properties).map(([name, child]) => [name, child.properties ? closed(child) : child]);
  const known = Object.keys(properties).filter((name) => !properties[name].deprecated);
  return {
    ...schema,
    additionalProperties: { enum: [`no such value; there are ${known.sort().join(', ')}`] },
    properties: Object.fromEntries(children),
  };
}

function schemaOfValue(value) {
  const { text, default: byDefault, accept } = value;
  const hint = refusalOf(value);
  if (hint)
    return { description: text, enum: [...new Set([byDefault, typeof byDefault === 'boolean' ? false : '', null, hint])] };
  const types = { string: 'string', number: 'number', boolean: 'boolean' };
  const type = Array.isArray(byDefault) ? 'array' : (types[typeof byDefault] ?? 'object');
  return { description: text, ...(accept?.enum ? {} : { type: [type, 'null'] }), ...accept };
}
