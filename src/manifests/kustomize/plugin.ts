import { isJsonMap, type JsonValue, messageOf, parseYamlDocuments } from '../../base/index.ts';
import type { Reference } from './reference.ts';
import { refusedKustomization } from './refused.ts';
import { startsRemote } from './remote.ts';

/** Annotations that make a configuration a function, which runs in a container or as a program. */
const FUNCTION = /^config\.(?:k8s|kubernetes)\.io\/function$/i;
/** The keys of built-in plugins that hold paths of files; kustomize reads names of keys in any case. */
const FILE_KEYS = new Set(['path', 'paths', 'files', 'envs', 'env', 'targetfilepath', 'filesources', 'envsources']);

/** Documents of one text: each takes a moment to parse, however short it is. */
const MAX_DOCUMENTS = 100;

/**
 * The paths in documents that configure plugins. Built-in ones may be configured so; all others are programs. What kustomize cannot read
 * as a document it takes for a path, so every document must be one.
 * @throws FluxError `kustomize/refused` for a program, and for what cannot be read, or read in two ways
 */
export function pluginReferences(text: string, key: string): readonly Reference[] {
  if (startsRemote(text)) throw refusedKustomization(`${key} has a remote address where a path must be`);
  const found: Reference[] = [];
  for (const document of parseYamlDocuments(text)) {
    if (document.error) throw refusedKustomization(`${key} has a plugin that is no YAML: ${messageOf(document.error)}`);
    const [twice] = document.warnings;
    if (twice) throw refusedKustomization(`${key} has a plugin with a key that is given twice: ${twice.message}`);
    if (document.number > MAX_DOCUMENTS) throw refusedKustomization(`${key} has more than ${MAX_DOCUMENTS} plugins in one text`);
    if (document.value === null) continue;
    requireBuiltin(document.value, key);
    collect(document.value, false, (path) => found.push({ path, to: 'perhaps', key }));
  }
  return found;
}

function requireBuiltin(value: JsonValue, key: string): void {
  const { apiVersion, kind, metadata } = isJsonMap(value) ? value : {};
  const name = `${String(apiVersion)}/${String(kind)}`.slice(0, 100);
  const annotations = isJsonMap(metadata) && isJsonMap(metadata.annotations) ? Object.keys(metadata.annotations) : [];
  if (apiVersion !== 'builtin' || annotations.some((each) => FUNCTION.test(each)))
    throw refusedKustomization(`${key}: ${name} is a program, not a part of kustomize`);
  // Its items are plugins, each with a kind of its own.
  if (typeof kind !== 'string' || kind.endsWith('List')) throw refusedKustomization(`${key}: ${name} is not one plugin`);
  if (/helm/i.test(kind)) throw refusedKustomization(`${key}: ${name} would run Helm`);
}

/** Every text at a key that may hold a path, however deep. */
function collect(value: JsonValue, isPath: boolean, add: (path: string) => void): void {
  if (typeof value === 'string') {
    if (!isPath) return;
    add(value);
    // Of a file whose key is given: `key=path`.
    if (value.includes('=')) add(value.slice(value.indexOf('=') + 1));
  } else if (Array.isArray(value)) for (const item of value) collect(item, isPath, add);
  else if (isJsonMap(value))
    for (const [key, inside] of Object.entries(value)) collect(inside, FILE_KEYS.has(key.normalize('NFKC').toLowerCase()), add);
}
