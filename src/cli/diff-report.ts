import type { DiffReportWire } from '../api/client/index.ts';
import { diffLines } from '../base/index.ts';
import { short } from './await-job.ts';
import { printableLine } from './printable.ts';
import type { Paint } from './style.ts';
import { placeText, problemLine, whyText } from './sync-summary.ts';

type Entry = DiffReportWire['entries'][number];
type Field = NonNullable<Entry['fields']>[number];

const ACTIONS = ['create', 'change', 'prune', 'unchanged', 'skip', 'held', 'failed'];
const STYLES: Readonly<Record<string, Parameters<Paint>[0]>> = {
  '-': 'red',
  '+': 'green',
  failed: 'red',
  held: 'yellow',
  prune: 'red',
  error: 'red',
};

/**
 * A block for each object: the action of a sync, the manifest's location and the reason, then its fields, old and new. Refused files,
 * warnings and counts follow.
 */
export function formatDiff(report: DiffReportWire, paint: Paint): string {
  const { revision, counts, entries, errors, warnings } = report;
  const painted = (line: string, style: Parameters<Paint>[0] | undefined) => (style === undefined ? line : paint(style, line));
  const lines = [
    ...entries.flatMap((entry) => [
      painted(headLine(entry), STYLES[entry.action] ?? 'bold'),
      ...(entry.fields ?? []).flatMap(fieldLines).map((line) => painted(`  ${line}`, STYLES[line[0] ?? ''])),
    ]),
    ...errors.map((problem) => painted(printableLine(problemLine('error', problem)), STYLES.error)),
    ...warnings.map((problem) => printableLine(problemLine('warning', problem))),
    `${revision === undefined ? '' : `${short(revision)}: `}${countsText(counts, errors.length)}`,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** `change shop:deployment/web  deploy/web.yaml:12  changed in Git`. */
function headLine({ action, id, place, reason, error }: Entry): string {
  const where =
    place === undefined ? '' : placeText({ file: place.file, unit: place.unit, line: place.line, origin: place.origin });
  return [`${action} ${id}`, where, whyText({ reason, error })]
    .filter((text) => text !== '')
    .map(printableLine)
    .join('  ');
}

function fieldLines({ path, from, to }: Field): readonly string[] {
  const name = printableLine(path);
  const texts = [from, to].map((value) => (typeof value === 'string' && /\n/.test(value.trimEnd()) ? value : undefined));
  if (texts[0] === undefined && texts[1] === undefined) return [...valueLine('-', name, from), ...valueLine('+', name, to)];
  const [before, after] = [from, to].map((value) => (value === undefined ? [] : linesOf(value)));
  const mark = from === undefined ? '+' : to === undefined ? '-' : '~';
  return [`${mark} ${name}:`, ...diffLines(before ?? [], after ?? []).map(([sign, line]) => `${sign}   ${printableLine(line)}`)];
}

function valueLine(sign: '-' | '+', name: string, value: Field['from']): readonly string[] {
  return value === undefined ? [] : [`${sign} ${name}: ${printableLine(valueText(value))}`];
}

function linesOf(value: NonNullable<Field['from']> | null): readonly string[] {
  return (typeof value === 'string' ? value : valueText(value)).replace(/\n$/, '').split('\n');
}

/** A text as it is, or as JSON when it looks like another type, or starts or ends in white space. */
function valueText(value: Field['from']): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return value === '' || value !== value.trim() || isJson(value) ? JSON.stringify(value) : value;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // most texts
  }
}

function countsText(counts: DiffReportWire['counts'], refused: number): string {
  const rank = (action: string) => (ACTIONS.includes(action) ? ACTIONS.indexOf(action) : ACTIONS.length);
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([action, count]) => `${count} ${printableLine(action)}`);
  if (refused > 0) parts.push(`${refused} refused`);
  return parts.length === 0 ? 'nothing to compare' : parts.join(', ');
}
