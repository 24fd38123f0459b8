import type { SyncReportWire } from '../api/client/index.ts';
import { waitingInWords } from '../repository/index.ts';
import { printableLine } from './printable.ts';
import type { Paint } from './style.ts';

type Change = SyncReportWire['changes'][number];
type Problem = SyncReportWire['errors'][number];

/** Outcomes in display order: done, left alone, failed. */
const OUTCOMES = ['created', 'configured', 'deleted', 'unchanged', 'skipped', 'held', 'failed'];

/** What of the branch is not synced, since a signature is refused. */
export function describeUnverified(unverified: NonNullable<SyncReportWire['unverified']>): string {
  return printableLine(waitingInWords(unverified));
}

/** The failures that need attention: objects that were not applied, and refused manifests. Empty when there are none. */
export function describeTrouble({ changes, errors }: SyncReportWire): string {
  const failed = changes.filter(({ outcome }) => outcome === 'failed').length;
  return [
    ...(failed > 0 ? [`${failed} ${failed === 1 ? 'object' : 'objects'} failed`] : []),
    ...(errors.length > 0 ? [`${errors.length} ${errors.length === 1 ? 'manifest' : 'manifests'} refused`] : []),
  ].join(', ');
}

/**
 * The result of a sync: a line for each changed, held or failed object, with reason and location; then refused files, warnings and
 * counts.
 */
export function formatSync({ changes, errors, warnings, counts }: SyncReportWire, paint: Paint): string {
  const painted = (word: string, line: string) => colourOf(word, printableLine(line), paint);
  const { alone, together } = groupHeld(changes, ({ outcome }) => outcome);
  const lines = [
    ...[...alone]
      .sort((a, b) => rank(a.outcome) - rank(b.outcome) || compare(a.id, b.id))
      .map((change) => painted(change.outcome, changeLine(change))),
    ...together.map(([count, why]) => painted('held', `held ${count} deletions: ${why}; fluxctl gc lists them`)),
    ...errors.map((problem) => painted('error', problemLine('error', problem))),
    ...warnings.map((problem) => painted('warning', problemLine('warning', problem))),
    printableLine(countsText(counts, errors.length)),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Above this number, deletions held for the same reason share one line. */
const FEW = 10;

/** Objects without held deletions of which many have one reason, and these by reason. The API shows a place for objects in Git alone. */
export function groupHeld<T extends Parameters<typeof whyText>[0] & { readonly place?: object | undefined }>(
  all: readonly T[],
  stateOf: (each: T) => string,
): { readonly alone: readonly T[]; readonly together: readonly (readonly [count: number, why: string])[] } {
  const isHeldDeletion = (each: T) => stateOf(each) === 'held' && each.place === undefined;
  const byReason = [...Map.groupBy(all.filter(isHeldDeletion), whyText)].filter(([, each]) => each.length > FEW);
  const grouped = new Set(byReason.flatMap(([, each]) => each));
  return { alone: all.filter((each) => !grouped.has(each)), together: byReason.map(([why, { length }]) => [length, why]) };
}

const COLOURS: Readonly<Record<string, Parameters<Paint>[0]>> = {
  created: 'green',
  configured: 'green',
  deleted: 'yellow',
  held: 'yellow',
  warning: 'yellow',
  failed: 'red',
  error: 'red',
};

function colourOf(word: string, line: string, paint: Paint): string {
  const colour = COLOURS[word];
  return colour === undefined ? line : paint(colour, line);
}

/** `failed shop:deployment/cart (deploy/cart.yaml:12 document 3): its reason`. */
function changeLine({ id, outcome, place, reason, error, source }: Change): string {
  const why = whyText({ reason, error });
  // The location matters only for failures.
  const where = place && !['created', 'configured', 'deleted'].includes(outcome) ? ` (${placeText({ ...place, source })})` : '';
  return `${outcome} ${id}${where}${why === '' ? '' : `: ${why}`}`;
}

/** Reason and error on one line; a reason that quotes the error is enough. */
export function whyText({
  reason = '',
  error,
}: {
  readonly reason?: string | undefined;
  readonly error?: { readonly message: string } | undefined;
}): string {
  const message = error?.message ?? '';
  return [reason, ...(reason.includes(message) ? [] : [message])].filter((text) => text !== '').join(': ');
}

export function problemLine(kind: 'error' | 'warning', problem: Problem): string {
  const subject = [placeText(problem), problem.id].filter((text) => text !== undefined && text !== '').join(' ');
  return `${kind}${subject === '' ? '' : ` ${subject}`}: ${problem.error.message}`;
}

/** `deploy/web.yaml:12:3 document 3, item 2`, as far as known; `, from base/web.yaml` of what is rendered. */
export function placeText({
  file,
  unit,
  line,
  document,
  item,
  source,
  origin,
  ...rest
}: Partial<Problem> & { readonly unit?: string | undefined }): string {
  if (file === undefined) return '';
  const column = line === undefined || rest.column === undefined ? '' : `:${rest.column}`;
  const inFile = line === undefined ? file : `${file}:${line}${column}`;
  const within = [
    ...(document === undefined ? [] : [`document ${document}`]),
    ...(item === undefined ? [] : [`item ${item}`]),
    ...(origin === undefined ? [] : [`from ${origin.file}`]),
  ].join(', ');
  const of = source === undefined ? '' : ` of source ${source}`;
  // The line that goes with a unit is that of no file.
  return `${unit ?? inFile}${within === '' ? '' : ` ${within}`}${of}`;
}

/** `2 configured, 1 unchanged`. */
export function countsText(counts: SyncReportWire['counts'], refused: number): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => rank(a) - rank(b) || compare(a, b))
    .map(([outcome, count]) => `${count} ${outcome}`);
  if (refused > 0) parts.push(`${refused} refused`);
  return parts.length === 0 ? 'nothing to apply' : parts.join(', ');
}

function rank(outcome: string): number {
  const at = OUTCOMES.indexOf(outcome);
  return at < 0 ? OUTCOMES.length : at;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
