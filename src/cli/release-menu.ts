import type { UpdateResult } from '../api/client/index.ts';
import type { Keyboard } from './keyboard.ts';
import { type Output, widthOf } from './output.ts';
import { RESULT_HEADINGS, type ResultRow, resultRows, type Verbosity } from './result-table.ts';
import { formatTable } from './table.ts';

type ContainerUpdate = NonNullable<ResultRow['update']>;

/** The selected updates, by workload. */
export type Selection = Readonly<Record<string, readonly ContainerUpdate[]>>;

interface Menu {
  readonly rows: readonly ResultRow[];
  /** Rows that can be selected; the others only inform. */
  readonly selectable: readonly number[];
  /** Cursor position, as an index into `selectable`. */
  readonly cursor: number;
  readonly checked: ReadonlySet<number>;
}

const HINT = 'Use arrow keys and [Space] to toggle updates; hit [Enter] to release selected.';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const NEXT = ['\t', 'j', '\u001b[B', '\u001bOB'];
const PREVIOUS = ['k', '\u001b[A', '\u001bOA'];
const ABORT = ['q', '\u001b', '\u0003'];

/**
 * Shows the updates of a planned release in a menu, all selected at first. Resolves to the selection, to `aborted`, or to `nothing`
 * when there are no updates. As in Flux v1, each frame overwrites the previous one.
 */
export async function chooseUpdates(
  result: UpdateResult,
  { verbosity, screen, keyboard }: { readonly verbosity: Verbosity; readonly screen: Output; readonly keyboard: Keyboard },
): Promise<Selection | 'aborted' | 'nothing'> {
  let menu = menuOf(result, verbosity);
  if (menu.selectable.length === 0) return 'nothing';
  const height = menu.rows.length + 3;
  screen.write(`${draw(menu, widthOf(screen))}${HIDE_CURSOR}`);
  try {
    for await (const key of keyboard.keys) {
      if (ABORT.includes(key)) return 'aborted';
      if (key === '\r' || key === '\n') {
        screen.write('\n');
        return selected(menu);
      }
      menu = press(menu, key);
      screen.write(`\u001b[${height}A${draw(menu, widthOf(screen))}`);
    }
    return 'aborted'; // the terminal was closed
  } finally {
    screen.write(SHOW_CURSOR);
  }
}

function menuOf(result: UpdateResult, verbosity: Verbosity): Menu {
  const rows = resultRows(result, verbosity);
  const selectable = rows.flatMap(({ update }, index) => (update ? [index] : []));
  return { rows, selectable, cursor: 0, checked: new Set(selectable) };
}

function press(menu: Menu, key: string): Menu {
  const { selectable, cursor, checked } = menu;
  const count = selectable.length;
  if (NEXT.includes(key)) return { ...menu, cursor: (cursor + 1) % count };
  if (PREVIOUS.includes(key)) return { ...menu, cursor: (cursor + count - 1) % count };
  const row = selectable[cursor];
  if (key !== ' ' || row === undefined) return menu;
  return { ...menu, checked: new Set(checked.has(row) ? [...checked].filter((each) => each !== row) : [...checked, row]) };
}

function selected({ rows, checked }: Menu): Selection {
  const chosen = rows.flatMap(({ workload, update }, index) => (update && checked.has(index) ? [{ workload, update }] : []));
  const byWorkload = Object.entries(Object.groupBy(chosen, ({ workload }) => workload));
  return Object.fromEntries(byWorkload.map(([workload, updates = []]) => [workload, updates.map(({ update }) => update)]));
}

function draw({ rows, selectable, cursor, checked }: Menu, columns = Number.POSITIVE_INFINITY): string {
  const [heading = '', ...lines] = formatTable([RESULT_HEADINGS, ...rows.map(({ cells }) => cells)]).split('\n');
  const marked = rows.map(({ update }, index) => {
    const pointer = selectable[cursor] === index ? '⇒' : ' ';
    const box = update ? (checked.has(index) ? '◉' : '◯') : ' ';
    return `${pointer} ${box} ${lines[index] ?? ''}`;
  });
  // A wrapped line would break the redraw.
  return [`    ${heading}`, ...marked, '', HINT].map((line) => `${[...line].slice(0, columns).join('')}\n`).join('');
}
