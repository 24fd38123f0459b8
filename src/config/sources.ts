import * as z from 'zod';
import { nodeAt, suggest, type YamlDocument } from '../base/index.ts';
import { isDnsLabel } from '../resource/index.ts';
import type { SourceConfig } from './config.ts';
import { FLAGS } from './flags.ts';
import { type ACCESS_FLAGS, readAccess } from './git-access.ts';
import { faultOfGitPath } from './git-path.ts';
import { type PROPOSAL_FLAGS, readProposals } from './git-proposals.ts';

/** The sources that a config file lists. */
export interface SourceReading {
  readonly sources: readonly SourceConfig[];
  readonly problems: readonly string[];
}

/** The key of the list. */
export const SOURCES = 'sources';

const TEXT = 'expected text; put it in quotes';
const filled = z.string(TEXT).min(1, 'must not be empty');

const ACCESS = {
  'git-token-file': filled.default(''),
  'git-token-type': filled.default(FLAGS['git-token-type'].default),
  'git-github-app-id': filled.default(''),
  'git-github-app-installation-id': filled.default(''),
  'git-github-app-private-key-file': filled.default(''),
  'git-github-api': filled.default(FLAGS['git-github-api'].default),
  'git-ca-file': filled.default(''),
  'git-tls-cert-file': filled.default(''),
  'git-tls-key-file': filled.default(''),
} as const satisfies Readonly<Record<(typeof ACCESS_FLAGS)[number], z.ZodType>>;

const PROPOSALS = {
  'git-push-branch': filled.default(''),
  'git-push-branch-releases': z.boolean('expected true or false').default(false),
  'pull-request': filled.default(''),
  'pull-request-api-url': filled.default(''),
  'pull-request-token-file': filled.default(''),
  'pull-request-per': filled.default(FLAGS['pull-request-per'].default),
  'pull-request-labels': z.array(filled, 'expected a list').default([]),
  'pull-request-reviewers': z.array(filled, 'expected a list').default([]),
  'pull-request-auto-merge': z.boolean('expected true or false').default(false),
  'pull-request-template': filled.default(''),
} as const satisfies Readonly<Record<(typeof PROPOSAL_FLAGS)[number], z.ZodType>>;

const SOURCE = z.strictObject(
  {
    name: z.string(TEXT).refine(isDnsLabel, 'expected lower-case letters, digits and dashes, at most 63'),
    'git-url': filled,
    'git-branch': filled.optional(),
    'git-ref': filled.optional(),
    'git-path': z.array(z.string(TEXT).check(pathCheck), 'expected a list').default([]),
    'git-label': filled.optional(),
    ...ACCESS,
    ...PROPOSALS,
  },
  'expected a map with name and git-url',
);
const KEYS = Object.keys(SOURCE.shape);

/** Parses the `sources` of a config file. Pure; messages never quote values, since a URL may contain a password. */
export function readSources(value: unknown, { root, position }: YamlDocument, file: string): SourceReading {
  const parsed = z.array(SOURCE, 'expected a list of sources').min(1, 'must not be empty').safeParse(value);
  if (!parsed.success) return { sources: [], problems: parsed.error.issues.map(problem) };
  const twice = parsed.data.findIndex(({ name }, index) => parsed.data.findIndex((other) => other.name === name) !== index);
  if (twice >= 0) return { sources: [], problems: [`${placeOf([twice, 'name'])}: another source has this name`] };
  const read = parsed.data.map(readFlags);
  const problems = read.flatMap(({ source, faults }, index) => [
    ...(source['git-ref'] !== undefined && source['git-branch'] !== undefined
      ? [`${placeOf([index, 'git-ref'])}: cannot be combined with git-branch`]
      : []),
    ...faults.map(({ flag, why }) => `${placeOf([index, flag])}: ${why}`),
  ]);
  return { sources: read.map(({ source, config }) => ({ ...sourceOf(source), ...config })), problems };

  function problem({ path, message, ...issue }: z.core.$ZodIssue): string {
    const at = path.filter((step) => typeof step !== 'symbol');
    if (issue.code !== 'unrecognized_keys') return `${placeOf(at)}: ${message}`;
    return issue.keys.map((key) => `${placeOf([...at, key])}: unknown key${hint(key)}`).join('\n');
  }

  function placeOf(path: readonly (string | number)[]): string {
    const { line } = position(Math.max(0, nodeAt(root, [SOURCES, ...path]).start));
    const name = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
    return `${file}:${line}: ${SOURCES}${name}`;
  }
}

/** The same rules as for --git-path. */
function pathCheck({ value, issues }: z.core.ParsePayload<string>): void {
  const fault = faultOfGitPath(value);
  if (fault === 'absolute') issues.push({ code: 'custom', input: value, message: 'should not have a leading slash' });
  else if (fault === 'outside') issues.push({ code: 'custom', input: value, message: 'should not leave the repository by ".."' });
}

function sourceOf(source: z.infer<typeof SOURCE>): SourceConfig {
  const label = source['git-label'];
  return {
    name: source.name,
    url: source['git-url'],
    branch: source['git-branch'] ?? FLAGS['git-branch'].default,
    ...(source['git-ref'] === undefined ? {} : { ref: source['git-ref'] }),
    paths: source['git-path'],
    syncTag: label ?? FLAGS['git-sync-tag'].default,
    notesRef: label ?? FLAGS['git-notes-ref'].default,
  };
}

/** The flags that are read together, how the remote is reached and how images are proposed. */
function readFlags(source: z.infer<typeof SOURCE>) {
  const shown = (flag: string) => flag;
  const { access, faults } = readAccess(source['git-url'], source, shown);
  const { branch, ref } = sourceOf(source);
  const about = { branch, ...(ref === undefined ? {} : { ref }), ...access };
  const { proposals, faults: ofProposals } = readProposals(about, source, shown);
  return {
    source,
    config: { ...access, ...(proposals === undefined ? {} : { proposals }) },
    faults: [...faults, ...ofProposals],
  };
}

function hint(key: string): string {
  const meant = suggest(key, KEYS);
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}
