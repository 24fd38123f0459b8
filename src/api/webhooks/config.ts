import * as z from 'zod';
import { FluxError, parseYamlDocuments, suggest } from '../../base/index.ts';
import type { PushIdentity } from './google/identity.ts';
import { SOURCE_NAMES, type SourceName } from './sources/index.ts';

/** One entry of the `--webhook-config` file. */
export interface EndpointConfig {
  readonly source: SourceName;
  /** Key file as written, relative to the configuration file. */
  readonly keyPath: string;
  /** Registry host that is prepended to image names of Nexus, and part of the endpoint's URL; may be empty. */
  readonly registryHost: string;
  /** Who sends; only Google's registries have it. */
  readonly identity?: PushIdentity;
}

export interface WebhookConfig {
  readonly endpoints: readonly EndpointConfig[];
  /** Fields of the file that have no effect. */
  readonly ignored: readonly string[];
}

const UNKNOWN_SOURCE = `unknown source; expected one of ${SOURCE_NAMES.join(', ')}`;
const GOOGLE = 'GoogleContainerRegistry';

const identity = z.strictObject({ audience: z.string().min(1), email: z.string().min(1) });
const endpoint = z.strictObject({
  source: z.string(),
  keyPath: z.string().min(1),
  registryHost: z.string().default(''),
  gcr: z.unknown().optional(),
});
const file = z.strictObject({
  fluxRecvVersion: z.literal(1),
  api: z.string().optional(),
  endpoints: z.array(endpoint).min(1),
});

/**
 * Parses the configuration, in the format of Flux v1's webhook receiver.
 * @throws FluxError `webhooks/bad-config`, naming file and field, but never values.
 */
export function parseWebhookConfig(text: string, path: string): WebhookConfig {
  const [document, ...more] = parseYamlDocuments(text);
  if (!document || more.length > 0) throw bad(path, 'expected exactly one YAML document');
  if (document.error) throw bad(path, `line ${document.line}: ${document.error.message}`);
  const parsed = file.safeParse(document.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw bad(path, `${issue?.path.join('.') || 'the document'}: ${problemOf(issue)}`);
  }
  const identityIn = (gcr: unknown, field: string): PushIdentity => {
    const { data, error } = identity.safeParse(gcr ?? {});
    if (data) return data;
    const [issue] = error.issues;
    throw bad(
      path,
      `${[field, ...(issue?.path ?? [])].join('.')}: ${issue?.code === 'unrecognized_keys' ? 'unknown field' : issue?.message}; Google's pushes are accepted only from this identity`,
    );
  };
  const { api, endpoints } = parsed.data;
  return {
    endpoints: endpoints.map(({ source, keyPath, registryHost, gcr }, index) => {
      if (!isSourceName(source)) throw bad(path, `endpoints.${index}.source: ${UNKNOWN_SOURCE}`);
      const common = { source, keyPath, registryHost };
      return source === GOOGLE ? { ...common, identity: identityIn(gcr, `endpoints.${index}.gcr`) } : common;
    }),
    ignored: api === undefined ? [] : ['api'],
  };
}

function isSourceName(name: string): name is SourceName {
  return (SOURCE_NAMES as readonly string[]).includes(name);
}

/** Does not quote the names of unknown fields: a key may have been pasted there. */
function problemOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'unrecognized_keys') return issue?.message ?? 'unexpected';
  const meant = suggest(issue.keys[0] ?? '', issue.path.length === 0 ? file.keyof().options : endpoint.keyof().options);
  return `unknown field${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}

function bad(path: string, why: string): FluxError {
  return new FluxError(`invalid webhook configuration ${path}: ${why}`, {
    code: 'webhooks/bad-config',
    fault: 'user',
    help: 'Example: {fluxRecvVersion: 1, endpoints: [{source: GitHub, keyPath: github.key}]}; see docs/webhooks.md.',
  });
}
