import type { WhyWire } from '../api/client/index.ts';
import { printableLine } from './printable.ts';
import type { Paint } from './style.ts';

type Link = WhyWire['links'][number];

export interface ReportLayout {
  readonly paint: Paint;
  /** Width of the terminal; undefined leaves lines as long as they are. */
  readonly width: number | undefined;
  /** Whether to show what every link knows, and not only that of the cause. */
  readonly all: boolean;
  /** In milliseconds since the epoch, for ages. */
  readonly now: number;
}

/** The answer, then a line for each link of the chain, then what happens next. */
export function formatWhy(why: WhyWire, layout: ReportLayout): string {
  const { paint, width } = layout;
  return [
    ...wrapped(printableLine(why.answer), width).map((line) => paint('bold', line)),
    '',
    ...chain(why, layout),
    ...nextStep(why, layout),
    ...(layout.all ? tagTable(why) : []),
    ...otherLines(why, layout),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const COLOURS: Readonly<Record<string, Parameters<Paint>[0]>> = {
  ok: 'green',
  waiting: 'yellow',
  unknown: 'yellow',
  held: 'yellow',
  failed: 'red',
};

function chain(why: WhyWire, layout: ReportLayout): readonly string[] {
  const { paint, width, all, now } = layout;
  const isOne = new Set(why.links.flatMap(({ container }) => container ?? [])).size < 2;
  const rows = why.links.map((link) => [nameOf(link, isOne), link.state, ageOf(link, now)].map(printableLine));
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)) + 2);
  const indent = widths.reduce((sum, each) => sum + each, 0);
  return why.links.flatMap((link, index) => {
    const cells = (rows[index] ?? []).map((cell, column) => {
      const padding = ' '.repeat((widths[column] ?? 0) - cell.length);
      return (column === 1 ? colourOf(link.state, cell, paint) : cell) + padding;
    });
    const [first = '', ...others] = wrapped(printableLine(link.text), width === undefined ? undefined : width - indent);
    const lines = [cells.join('') + first, ...others.map((line) => ' '.repeat(indent) + line)];
    return all || isCause(link, why) ? [...lines, ...factLines(link, indent, layout)] : lines;
  });
}

/** Facts under a link, with their names in a column. */
function factLines({ facts, text }: Link, indent: number, { paint, width }: ReportLayout): readonly string[] {
  const news = facts.filter(({ value }) => value !== text);
  const column = Math.max(0, ...news.map(({ name }) => name.length)) + 2;
  return news.flatMap(({ name, value }) => {
    const [first = '', ...others] = wrapped(printableLine(value), width === undefined ? undefined : width - indent - column);
    const blank = ' '.repeat(indent + column);
    return [
      `${' '.repeat(indent)}${paint('dim', printableLine(name).padEnd(column))}${first}`,
      ...others.map((line) => blank + line),
    ];
  });
}

function isCause({ kind, code, container }: Link, why: WhyWire): boolean {
  return (
    why.cause === `${kind}/${code}` && (container === undefined || why.container === undefined || container === why.container)
  );
}

function nextStep({ next }: WhyWire, { width, now }: ReportLayout): readonly string[] {
  if (!next) return [];
  const at = next.at === undefined ? '' : ` (${next.at}, ${until(Date.parse(next.at) - now)})`;
  return ['', ...wrapped(printableLine(`Next: ${next.text}${at}`), width)];
}

function tagTable({ tags }: WhyWire): readonly string[] {
  return tags.flatMap(({ container, tags: considered }) =>
    considered.length === 0
      ? []
      : [
          '',
          printableLine(`Tags of ${container}, newest first:`),
          ...considered.map(({ tag, verdict }) => printableLine(`  ${tag} ${verdict}`)),
        ],
  );
}

function otherLines({ others }: WhyWire, { paint, width }: ReportLayout): readonly string[] {
  if (others.length === 0) return [];
  const lines = others.flatMap(({ state, text }) => {
    const [first = '', ...rest] = wrapped(printableLine(text), width === undefined ? undefined : width - 10);
    return [
      `${colourOf(state, state, paint)}${' '.repeat(Math.max(1, 10 - state.length))}${first}`,
      ...rest.map((line) => ' '.repeat(10) + line),
    ];
  });
  return ['', 'Others:', ...lines];
}

/** A workload may have several containers, each with a decision of its own. */
function nameOf({ kind, container }: Link, isOne: boolean): string {
  return container === undefined || isOne ? kind : `${kind} ${container}`;
}

function ageOf({ since }: Link, now: number): string {
  return since === undefined ? '' : duration(now - Date.parse(since));
}

function until(ms: number): string {
  return ms <= 0 ? 'now' : `in ${duration(ms)}`;
}

const UNITS = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'm', ms: 60_000 },
  { name: 's', ms: 1_000 },
] as const;

/** `3d`, `2h`, `45s`: the largest unit. */
function duration(ms: number): string {
  const unit = UNITS.find((each) => ms >= each.ms) ?? UNITS[UNITS.length - 1];
  return Number.isNaN(ms) || !unit ? '' : `${Math.max(0, Math.floor(ms / unit.ms))}${unit.name}`;
}

function colourOf(state: string, text: string, paint: Paint): string {
  const colour = COLOURS[state];
  return colour === undefined ? text : paint(colour, text);
}

/** Breaks at blanks; a word that is too long keeps its line. */
function wrapped(text: string, width: number | undefined): readonly string[] {
  if (width === undefined || text.length <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= Math.max(width, MIN_WIDTH))
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A column is not narrower, even on a narrow terminal. */
const MIN_WIDTH = 30;
