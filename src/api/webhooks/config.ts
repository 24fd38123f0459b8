import * as z from 'zod';
import { FluxError, parseYamlDocuments, suggest } from '../../base/index.ts';
import { SOURCE_NAMES, type SourceName } from './sources/index.ts';

/** One entry of the file of `--webhook-config`. */
export interface EndpointConfig {
  readonly source: SourceName;
  /** File with the key, as written: relative to the configuration. */
  readonly keyPath: string;
  /** Put before names of images by Nexus, and part of the endpoint's URL; empty for none. */
  readonly registryHost: string;
}

export interface WebhookConfig {
  readonly endpoints: readonly EndpointConfig[];
  /** What is written there and means nothing here. */
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
 * Reads the configuration in the form of Flux v1's webhook receiver.
 * @throws FluxError `webhooks/bad-config`, naming file and field, and never what is written there.
 */
export function parseWebhookConfig(text: string, path: string): WebhookConfig {
  const [document, ...more] = parseYamlDocuments(text);
  if (!document || more.length > 0) throw bad(path, 'it does not hold exactly one YAML document');
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
  // Its tokens are not checked yet, and an endpoint that anybody may call is not what was asked for.
  if (name === UNBUILT) return `${UNBUILT} is known, but not built yet; leave it out`;
  return `unknown source; it is one of ${SOURCE_NAMES.join(', ')}`;
}

/** Names of unknown fields are not quoted: a key may have been pasted there. */
function problemOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'unrecognized_keys') return issue?.message ?? 'unexpected';
  const meant = suggest(issue.keys[0] ?? '', issue.path.length === 0 ? file.keyof().options : endpoint.keyof().options);
  return `it has an unknown field${meant === undefined ? '' : ` (did you mean ${meant}?)`}`;
}

function bad(path: string, why: string): FluxError {
  return new FluxError(`webhook configuration ${path} is refused: ${why}`, {
    code: 'webhooks/bad-config',
    fault: 'user',
    help: 'It looks like this: {fluxRecvVersion: 1, endpoints: [{source: GitHub, keyPath: github.key}]}; see docs/webhooks.md.',
  });
}
