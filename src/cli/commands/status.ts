import type { Command } from 'commander';
import type { ObjectStatesWire } from '../../api/client/index.ts';
import { isBranch } from '../../repository/index.ts';
import { type Launch, subcommand } from '../command.ts';
import { notSupported } from '../errors.ts';
import { dataText, isTable, LIST_FORMATS, outputFormat, outputOption } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { suspensionText } from '../suspension-text.ts';
import { describeUnverified, groupHeld, placeText, whyText } from '../sync-summary.ts';
import { formatTable } from '../table.ts';
import { printOrWatch } from '../watch.ts';
import { hintWhy } from '../why-hint.ts';

interface Flags {
  readonly namespace?: string;
  readonly all?: boolean;
  /** False with --no-headers. */
  readonly headers: boolean;
  readonly outputFormat: string;
  readonly watch?: boolean;
}

type Follows = NonNullable<ObjectStatesWire['follows']>[number];
type ObjectState = ObjectStatesWire['objects'][number];

export function statusCommand(launch: Launch): Command {
  return subcommand<Flags>('status', {
    summary: 'Show objects that failed or are held, and why',
    examples: ['status', 'status --all -n shop', 'status --watch'],
    launch,
    instead: 'Use --namespace for a namespace.',
    options: (command) =>
      command
        .option('-n, --namespace <namespace>', 'only objects in this namespace')
        .option('--all', 'also list objects that are in sync or deliberately left alone')
        .option('--no-headers', 'omit the heading')
        .option('--watch', 'list again after each change, until interrupted')
        .addOption(outputOption(LIST_FORMATS)),
    run: status,
  });
}

/** States that need attention. */
const WRONG = ['failed', 'refused', 'held', 'waiting'];

async function status(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, LIST_FORMATS);
  const client = await session.client();
  let wrong: string | undefined;
  const code = await printOrWatch(session, flags, async () => {
    const filter = { states: flags.all ? [] : WRONG, ...(flags.namespace ? { namespace: flags.namespace } : {}) };
    const found = await client.objectStates(filter);
    if (!found) throw notSupported('report the state of objects');
    if (format === 'json' || format === 'yaml') return dataText(format, found);
    const objects = found.objects.toSorted((a, b) => rank(a) - rank(b) || (nameOf(a) < nameOf(b) ? -1 : 1));
    wrong = objects.find(({ id, state }) => id !== undefined && WRONG.includes(state))?.id;
    if (format === 'name') return objects.map((object) => `${printableLine(nameOf(object))}\n`).join('');
    const automation = await client.automation();
    const suspended = automation ? suspensionText(automation) : '';
    const follows = (found.follows ?? []).map(followsText).join('');
    const unverified = found.unverified ? `not verified: ${describeUnverified(found.unverified)}\n` : '';
    const trouble = found.failure ? `sync failed: ${printableLine(found.failure.message)}\n` : '';
    if (found.revision === undefined && trouble === '') return `${follows}${suspended}${unverified}nothing has been synced yet\n`;
    if (objects.length === 0 && trouble === '')
      return `${follows}${suspended}${unverified}${flags.all ? 'no objects' : 'nothing failed, nothing is held'}\n`;
    return follows + suspended + unverified + trouble + (objects.length === 0 ? '' : tableOf(objects, format, flags.headers));
  });
  if (isTable(format)) hintWhy(session, wrong);
  return code;
}

/** A branch is what one expects. */
function followsText({ source, name, revision }: Follows): string {
  if (isBranch(name)) return '';
  const at = revision === undefined ? 'nothing of it is synced' : `at ${revision.slice(0, 7)}`;
  const who = source === undefined ? '' : `source ${source} `;
  return `${printableLine(`${who}follows ${name}, ${at}`)}\n`;
}

function tableOf(objects: readonly ObjectState[], format: 'table' | 'wide', headers: boolean): string {
  const wide = format === 'wide';
  const headings = ['STATE', 'OBJECT', ...(wide ? ['SINCE'] : []), 'WHERE', 'WHY'];
  const whole = { alone: objects, together: [] };
  const { alone, together } = wide ? whole : groupHeld(objects, ({ state }) => state);
  const rows = alone.map((object) => {
    const { state, since, place, id, source } = object;
    const where = placeText({ file: place?.file, unit: place?.unit, line: place?.line, origin: place?.origin, source });
    return [state, id ?? '', ...(wide ? [since] : []), where, whyText(object)];
  });
  const sums = together.map(([count, why]) => ['held', `${count} deletions`, '', `${why}; fluxctl gc lists them`]);
  return formatTable([...(headers ? [headings] : []), ...rows, ...sums]);
}

/** A refused document may not name an object. */
function nameOf({ id, place, source }: ObjectState): string {
  return id ?? placeText({ file: place?.file, unit: place?.unit, line: place?.line, origin: place?.origin, source });
}

function rank({ state }: ObjectState): number {
  const at = WRONG.indexOf(state);
  return at < 0 ? WRONG.length : at;
}
