import type { Reading } from '../../../base/index.ts';
import { readRecordedSpec } from '../../../record/index.ts';
import { followsInWords } from '../../../repository/index.ts';
import { isRendered, type Problem, placeName, type RenderedPlace } from '../../../resource/index.ts';
import type { Fact, Finding, Link } from '../answer.ts';
import type { Changed, Facts } from '../facts.ts';
import { advised, clause, find, type Rule, short } from './rule.ts';

/** Where the object is in Git, and who changed it last. */
export function placeLink(facts: Facts): Link {
  const since = facts.changed?.state === 'read' ? { since: facts.changed.value.at } : {};
  return { kind: 'place', ...since, ...find(RULES, facts, inGit(facts)), facts: placeFacts(facts) };
}

const RULES: readonly Rule<Facts>[] = [
  refused,
  duplicate,
  notReadable,
  unrendered,
  leftGit,
  beingDeleted,
  onlyInCluster,
  nowhere,
];

function refused({ problem }: Facts): Finding | undefined {
  if (!problem) return undefined;
  const { error } = problem;
  return {
    code: 'refused',
    state: 'failed',
    text: clause(`the manifest at ${where(problem)} is refused: ${error.message}`),
    ...advised(error),
  };
}

function duplicate({ manifest, duplicates, object }: Facts): Finding | undefined {
  if (!manifest || duplicates.length === 0) return undefined;
  const places = [manifest.place, ...duplicates].map(placeName).join(' and ');
  return {
    code: 'duplicate',
    state: 'failed',
    text: `it is defined ${duplicates.length + 1} times, at ${places}, and none of them is applied`,
    ...(object?.error ? advised(object.error) : { next: { text: 'Keep one of them.' } }),
  };
}

/** Without a revision it is unknown what Git has. */
function notReadable({ manifest, source }: Facts): Finding | undefined {
  if (manifest) return undefined;
  const { unreadable } = source;
  if (unreadable)
    return {
      code: 'unreadable',
      state: 'failed',
      weight: 1,
      text: clause(`the manifests cannot be read: ${unreadable.message}`),
      ...advised(unreadable),
    };
  if (source.head !== undefined) return undefined;
  const { status, error } = source.state;
  if (status === 'unconfigured')
    return { code: 'no-repository', state: 'held', text: 'this daemon has no Git repository (--git-url)' };
  const why = error ? `: ${error.message}` : '';
  return {
    code: 'git-unread',
    state: 'failed',
    weight: 1,
    text: clause(`the Git repository is not read yet${why}`),
    ...(error ? advised(error) : {}),
  };
}

function unrendered({ unitProblem }: Facts): Finding | undefined {
  if (!unitProblem) return undefined;
  const { unit = '', document, error } = unitProblem;
  const what = document === undefined ? 'could not be rendered' : 'could not be rendered in full';
  return {
    code: 'unrendered',
    state: 'failed',
    text: clause(`its unit ${unit} ${what}, and it stays as it is: ${error.message}`),
    ...advised(error),
  };
}

/** The sync says what becomes of it. */
function leftGit({ manifest, object, source }: Facts): Finding | undefined {
  if (manifest || object === undefined) return undefined;
  const unread = unreadUnits(source);
  return {
    code: 'left-git',
    state: 'ok',
    text: unread === undefined ? 'not in Git any more' : `not in Git, as far as it is known: ${unread}`,
  };
}

/** What may define it. */
function unreadUnits({ failedUnits }: Facts['source']): string | undefined {
  const [unit] = failedUnits;
  if (unit === undefined) return undefined;
  const more = failedUnits.length === 1 ? '' : ` and ${failedUnits.length - 1} more`;
  return clause(`${unit}${more} could not be rendered, and may define it`);
}

/** The deletion is what there is to explain. */
function beingDeleted({ manifest, evidence }: Facts): Finding | undefined {
  if (manifest || evidence?.object.state !== 'read' || evidence.object.value?.deletedAt === undefined) return undefined;
  return { code: 'left-git', state: 'ok', text: 'not in Git' };
}

function onlyInCluster({ manifest, running, evidence, source }: Facts): Finding | undefined {
  const runs = running.state === 'read' && running.value !== undefined;
  const exists = evidence?.object.state === 'read' && evidence.object.value !== undefined;
  if (manifest || !(runs || exists)) return undefined;
  return {
    code: 'not-in-git',
    state: 'held',
    text: `it is in the cluster, but not in ${revisionOf(source)}`,
    next: toAdd(source),
  };
}

function nowhere({ manifest, source }: Facts): Finding | undefined {
  if (manifest) return undefined;
  return { code: 'nowhere', state: 'held', text: `it is not in ${revisionOf(source)}`, next: toAdd(source) };
}

function inGit({ manifest }: Facts): Finding {
  return { code: 'in-git', state: 'ok', text: manifest ? placeName(manifest.place) : '' };
}

function revisionOf({ branch, head = '', paths }: Facts['source']): string {
  const below = paths.length === 0 ? '' : `, below ${paths.join(', ')}`;
  return `revision ${short(head)} of ${followsInWords(branch)}${below}`;
}

function toAdd(source: Facts['source']): { readonly text: string } {
  const { refused: count } = source;
  const unread = unreadUnits(source);
  if (unread !== undefined) return { text: `${unread}; fluxctl status says why.` };
  if (count === 0) return { text: 'Add its manifest to the repository.' };
  const what = count === 1 ? 'One file or document is' : `${count} files or documents are`;
  return { text: `${what} refused and may define it; fluxctl status lists them.` };
}

function placeFacts({ manifest, changed }: Facts): readonly Fact[] {
  const { document = 1, item } = manifest?.place ?? {};
  const within = `${document}${item === undefined ? '' : `, item ${item}`}`;
  return [
    ...(manifest && isRendered(manifest.place) ? renderingFacts(manifest.place) : []),
    ...(within === '1' ? [] : [{ name: 'document', value: within }]),
    ...(changed ? changeFacts(changed) : []),
  ];
}

function renderingFacts({ unit, renderer, origin }: RenderedPlace): readonly Fact[] {
  return [
    { name: 'unit', value: unit },
    { name: 'renderer', value: renderer },
    ...(origin ? [{ name: 'input', value: origin.file }] : []),
  ];
}

/** Who changed a line last, and the job that did. */
export function changeFacts(changed: Reading<Changed>): readonly Fact[] {
  if (changed.state === 'unread') return [{ name: 'commit', value: `could not be read: ${clause(changed.reason)}` }];
  const { revision, author, subject, job } = changed.value;
  return [
    { name: 'commit', value: `${short(revision)} ${clause(subject)}` },
    { name: 'author', value: clause(author) },
    ...(job ? [{ name: 'job', value: `${job.jobId} (${describeJob(job)})` }] : []),
  ];
}

/** Who or what asked for a job: `automation`, `release by Ann: for the fair`. */
export function describeJob({ spec }: { readonly spec: unknown }): string {
  const recorded = readRecordedSpec(spec);
  const { User: user, Message: message } = recorded.cause;
  if (recorded.type === 'auto') return recorded.spec.Revert === undefined ? 'automation' : 'automation, as a revert';
  const what = recorded.spec.Rollback === true ? 'rollback' : (JOBS.get(recorded.type) ?? 'job');
  return clause(`${what}${user === '' ? '' : ` by ${user}`}${message === '' ? '' : `: ${message}`}`);
}

const JOBS: ReadonlyMap<string, string> = new Map([
  ['policy', 'policy change'],
  ['image', 'release'],
  ['containers', 'release'],
]);

function where({ file = 'an unknown file', unit, document, line, column }: Problem): string {
  if (unit !== undefined) return `${unit}${document === undefined ? '' : ` (output, document ${document})`}`;
  return `${file}${line === undefined ? '' : `:${line}`}${line === undefined || column === undefined ? '' : `:${column}`}`;
}
