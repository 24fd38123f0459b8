import * as z from 'zod';
import { FluxError, parseYamlDocuments, suggest } from '../../base/index.ts';
import { SOURCE_NAMES, type SourceName } from './sources/index.ts';

/** One entry of the `--webhook-config` file. */
export interface EndpointConfig {
  readonly source: SourceName;
  /** Key file as written, relative to the configuration file. */
  readonly keyPath: string;
  /** Registry host that is prepended to image names of Nexus, and part of the endpoint's URL; may be empty. */
  readonly registryHost: string;
}

export interface WebhookConfig {
  readonly endpoints: readonly EndpointConfig[];
  /** Fields of the file that have no effect. */
  readonly ignored: readonly string[];
}

const UNBUILT = 'GoogleContainerRegistry';

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
  const { api, endpoints } = parsed.data;
  return {
    endpoints: endpoints.map(({ source, keyPath, registryHost }, index) => {
      if (!isSourceName(source)) throw bad(path, `endpoints.${index}.source: ${sourceProblem(source)}`);
      return { source, keyPath, registryHost };
    }),
    ignored: api === undefined ? [] : ['api'],
  };
}

function isSourceName(name: string): name is SourceName {
  return (SOURCE_NAMES as readonly string[]).includes(name);
}

function sourceProblem(name: string): string {
  // Its tokens cannot be checked yet, and the endpoint must not accept unauthenticated calls.
  if (name === UNBUILT) return `${UNBUILT} is not supported yet; remove it`;
  return `unknown source; expected one of ${SOURCE_NAMES.join(', ')}`;
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
