import * as z from 'zod';
import { FluxError, isJsonMap, type JsonMap, type JsonValue, messageOf, parseYamlDocuments } from '../../base/index.ts';
import { decodeText } from '../decode.ts';
import { pluginReferences } from './plugin.ts';
import type { Reference } from './reference.ts';
import { refusedKustomization } from './refused.ts';
import { isRemote } from './remote.ts';

/** What fluxd needs to know of a kustomization; what it means is known to kustomize. */
export interface Kustomization {
  readonly kind: 'Kustomization' | 'Component';
  readonly references: readonly Reference[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The largest kustomization, or configuration of a plugin, that is read, in bytes: it is parsed in one turn of the event loop. */
export const MAX_KUSTOMIZATION_BYTES = 32 << 10;

const PATHS = z.array(z.string()).nullish();
const GENERATED = z
  .array(
    z
      .strictObject({
        name: z.unknown(),
        namespace: z.unknown(),
        behavior: z.unknown(),
        literals: z.unknown(),
        options: z.unknown(),
        type: z.unknown(),
        files: PATHS,
        envs: PATHS,
        env: z.string().nullish(),
      })
      .partial(),
  )
  .nullish();
const PATCHES = z
  .array(z.strictObject({ path: z.string(), patch: z.unknown(), target: z.unknown(), options: z.unknown() }).partial())
  .nullish();
const REPLACEMENTS = z
  .array(z.strictObject({ path: z.string(), source: z.unknown(), targets: z.unknown(), sourceValue: z.unknown() }).partial())
  .nullish();

/**
 * The fields of kustomize 5.8. It reads their names in any case; here they must be exact, since a path in a field that is not recognised
 * would not be checked.
 */
const FIELDS = z
  .strictObject({
    apiVersion: z.unknown(),
    kind: z.enum(['Kustomization', 'Component'], 'expected Kustomization or Component').nullish(),
    metadata: z.unknown(),
    openapi: z.record(z.string(), z.string()).nullish(),
    resources: PATHS,
    bases: PATHS,
    components: PATHS,
    crds: PATHS,
    configurations: PATHS,
    generators: PATHS,
    transformers: PATHS,
    validators: PATHS,
    patches: PATCHES,
    patchesJson6902: PATCHES,
    patchesStrategicMerge: PATHS,
    replacements: REPLACEMENTS,
    configMapGenerator: GENERATED,
    secretGenerator: GENERATED,
    helmGlobals: z.unknown(),
    helmCharts: z.unknown(),
    helmChartInflationGenerator: z.unknown(),
    namePrefix: z.unknown(),
    nameSuffix: z.unknown(),
    namespace: z.unknown(),
    commonLabels: z.unknown(),
    labels: z.unknown(),
    commonAnnotations: z.unknown(),
    images: z.unknown(),
    imageTags: z.unknown(),
    replicas: z.unknown(),
    vars: z.unknown(),
    sortOptions: z.unknown(),
    generatorOptions: z.unknown(),
    buildMetadata: z.unknown(),
  })
  .partial();

type Fields = z.infer<typeof FIELDS>;

/**
 * Reads a kustomization as far as its paths go.
 * @throws FluxError `kustomize/refused` for what is never run (S-027); `kustomize/bad-file` for what cannot be understood
 */
export function parseKustomization(bytes: Uint8Array): Kustomization {
  const value = mapOf(decodeText(bytes));
  const parsed = FIELDS.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`,
    );
    throw badKustomization([...new Set(problems)].join('; '));
  }
  const fields = parsed.data;
  for (const key of ['helmCharts', 'helmGlobals', 'helmChartInflationGenerator'] as const)
    if (fields[key] !== undefined) throw refusedKustomization(`${key}: kustomize would run Helm`);
  return { kind: fields.kind ?? 'Kustomization', references: referencesOf(fields), annotations: annotationsOf(fields.metadata) };
}

function mapOf(text: string): JsonMap {
  // kustomize reads the first. The others are not parsed: each takes a moment, however short it is.
  const documents = parseYamlDocuments(text);
  const { value: document } = documents.next();
  const { value: second } = documents.next();
  if (document?.error) throw badKustomization(`line ${document.line}: ${messageOf(document.error)}`);
  if (second && (second.error || second.value !== null || !documents.next().done))
    throw badKustomization('it has more than one YAML document');
  if (!document || !isJsonMap(document.value)) throw badKustomization('it is not a map');
  // Kustomize and fluxd must not read different values.
  const [twice] = document.warnings;
  if (twice) throw badKustomization(`line ${twice.line}: ${twice.message}`);
  return document.value;
}

function referencesOf(fields: Fields): readonly Reference[] {
  const references: Reference[] = [];
  const add = (key: string, to: Reference['to'], paths: readonly (string | null | undefined)[] | null | undefined) => {
    for (const path of paths ?? []) if (typeof path === 'string') references.push({ path, to, key });
  };
  add('resources', 'resource', fields.resources);
  add('bases', 'resource', fields.bases);
  add('components', 'component', fields.components);
  add('crds', 'file', fields.crds);
  add('configurations', 'file', fields.configurations);
  add('openapi', 'file', [fields.openapi?.path]);
  for (const key of ['patches', 'patchesJson6902', 'replacements'] as const)
    add(
      key,
      'file',
      fields[key]?.map(({ path }) => path),
    );
  for (const key of ['configMapGenerator', 'secretGenerator'] as const)
    for (const { files, envs, env } of fields[key] ?? []) {
      add(key, 'file', files?.map(withoutKey));
      add(key, 'file', [...(envs ?? []), env]);
    }
  add(
    'patchesStrategicMerge',
    'file',
    fields.patchesStrategicMerge?.filter((text) => !isInline(text)),
  );
  for (const key of ['generators', 'transformers', 'validators'] as const)
    for (const text of fields[key] ?? []) {
      if (isInline(text)) references.push(...pluginReferences(text, key));
      else references.push({ path: text, to: 'plugin', key });
    }
  return references;
}

/** An entry of `files` may name the key that it becomes: `key=path`. */
function withoutKey(entry: string): string {
  return isRemote(entry) ? entry : entry.slice(entry.indexOf('=') + 1);
}

/** Whether a text where a path may stand is a document itself. */
function isInline(text: string): boolean {
  return text.includes('\n') || text.trimStart().startsWith('{');
}

function annotationsOf(metadata: unknown): Readonly<Record<string, string>> {
  const { annotations } = isJsonMap(metadata as JsonValue) ? (metadata as JsonMap) : {};
  if (!isJsonMap(annotations)) return {};
  return Object.fromEntries(
    Object.entries(annotations).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
}

/** The error of a kustomization that cannot be read. */
export function badKustomization(why: string): FluxError {
  return new FluxError(`cannot read the kustomization: ${why}`, {
    code: 'kustomize/bad-file',
    fault: 'user',
    help: 'What it renders stays as it is in the cluster, and nothing is deleted, until this is fixed.',
  });
}
