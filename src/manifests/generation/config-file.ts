import * as z from 'zod';
import { FluxError, messageOf, parseDuration, parseYamlDocuments } from '../../base/index.ts';
import { HELM, type HelmConfig } from '../helm/helm-config.ts';
import { DEPENDS_ON, type DependsOn } from '../units/depends-on.ts';

/** A shell command with its own time limit, if it has one. */
export interface ConfiguredCommand {
  readonly command: string;
  readonly timeoutMs?: number;
}

/** The commands of one change, by what changes. */
export interface Updater {
  readonly containerImage?: ConfiguredCommand;
  readonly policy?: ConfiguredCommand;
}

/** What a `.flux.yaml` says. */
export interface ConfigFile {
  readonly way: GenerationConfig;
  /** Not in Flux v1. */
  readonly dependsOn: readonly DependsOn[];
}

/** How a folder is rendered, version 1 of Flux v1. */
export type GenerationConfig =
  | { readonly kind: 'scanForFiles' }
  /** Not in Flux v1: the folder is built by kustomize. */
  | { readonly kind: 'kustomize' }
  /** Not in Flux v1: a chart is rendered. */
  | { readonly kind: 'helm'; readonly config: HelmConfig }
  | {
      readonly kind: 'commandUpdated';
      readonly generators: readonly ConfiguredCommand[];
      readonly updaters: readonly Updater[];
    }
  | {
      readonly kind: 'patchUpdated';
      readonly generators: readonly ConfiguredCommand[];
      /** Relative to the folder in which the commands run. */
      readonly patchFile: string;
    };

/** How commands render a unit. */
export type CommandConfig = Extract<GenerationConfig, { readonly kind: 'commandUpdated' | 'patchUpdated' }>;

/** Flux v1 ignores a shorter limit, and uses that of a sync. */
const MIN_TIMEOUT_MS = 1000;
/** The longest `.flux.yaml` that is read, in bytes. */
export const MAX_CONFIG_BYTES = 64 << 10;

const TIMEOUT = z.string('expected a duration as text, such as 30s').transform((text, context) => {
  try {
    return parseDuration(text);
  } catch {
    context.addIssue('expected a duration, such as 30s');
    return z.NEVER;
  }
});

const COMMAND = z
  .strictObject({ command: z.string(), timeout: TIMEOUT.optional() })
  .transform(({ command, timeout = 0 }) => ({ command, ...(timeout < MIN_TIMEOUT_MS ? {} : { timeoutMs: timeout }) }));

const GENERATORS = z.array(COMMAND);
const UPDATER = z.strictObject({ containerImage: COMMAND.optional(), policy: COMMAND.optional() }).transform(
  ({ containerImage, policy }): Updater => ({
    ...(containerImage ? { containerImage } : {}),
    ...(policy ? { policy } : {}),
  }),
);

const COMMAND_UPDATED = z.strictObject({ generators: GENERATORS, updaters: z.array(UPDATER).optional() });
const PATCH_UPDATED = z.strictObject({ generators: GENERATORS, patchFile: z.string().min(1) });
const NO_OPTIONS = z.strictObject({});

const VERSION = z.literal(1, 'expected 1');
const FILE = z
  .strictObject(
    {
      version: VERSION,
      commandUpdated: COMMAND_UPDATED.optional(),
      patchUpdated: PATCH_UPDATED.optional(),
      scanForFiles: NO_OPTIONS.optional(),
      kustomize: NO_OPTIONS.optional(),
      helm: HELM.optional(),
      dependsOn: DEPENDS_ON.default([]),
    },
    { error: ({ code }) => (code === 'invalid_type' ? 'expected a map with the key "version"' : undefined) },
  )
  .transform(({ dependsOn, commandUpdated, patchUpdated, kustomize, helm, scanForFiles }, context): ConfigFile => {
    const ways = [commandUpdated, patchUpdated, kustomize, helm].filter((way) => way !== undefined);
    if (ways.length > 1 || (ways.length === 0 && scanForFiles === undefined)) {
      context.addIssue('expected one of "commandUpdated", "patchUpdated", "kustomize", "helm" and "scanForFiles"');
      return z.NEVER;
    }
    // As in Flux v1, it wins over a way to generate.
    if (scanForFiles) return { dependsOn, way: { kind: 'scanForFiles' } };
    if (kustomize) return { dependsOn, way: { kind: 'kustomize' } };
    if (helm) return { dependsOn, way: { kind: 'helm', config: helm } };
    if (patchUpdated) return { dependsOn, way: { kind: 'patchUpdated', ...patchUpdated } };
    const { generators = [], updaters = [] } = commandUpdated ?? {};
    return { dependsOn, way: { kind: 'commandUpdated', generators, updaters } };
  });

/**
 * Parses the text of a `.flux.yaml`.
 * @throws FluxError `generation/bad-config`, naming each key that is wrong; values are not quoted
 */
export function parseConfigFile(text: string): ConfigFile {
  // No more than two: a text may have very many.
  const documents = parseYamlDocuments(text);
  const { value: document } = documents.next();
  const { value: second } = documents.next();
  if (document?.error) throw badConfig(`line ${document.line}: ${messageOf(document.error)}`);
  if (second) throw badConfig('more than one YAML document');
  const parsed = FILE.safeParse(document?.value ?? null);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.length === 0 ? '(root)' : path.join('.')}: ${message}`);
  throw badConfig(['config file is not valid:', ...new Set(problems)].join('\n'));
}

function badConfig(why: string): FluxError {
  return new FluxError(`cannot parse config file: ${why}`, {
    code: 'generation/bad-config',
    fault: 'user',
    help: 'The objects of this unit stay as they are, and nothing is deleted, until the file is fixed. docs/generation.md describes its form.',
  });
}
