import type { Command } from 'commander';
import type { ApiClient, HeldDeletionsWire, SyncReportWire } from '../../api/client/index.ts';
import { FluxError } from '../../base/index.ts';
import { reportSync } from '../await-sync.ts';
import { type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { dataText, NAME_FORMATS, outputFormat, outputOption, REPORT_FORMATS, type ReportFormat } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { say } from '../style.ts';
import { describeTrouble } from '../sync-summary.ts';
import { formatTable } from '../table.ts';

interface Flags {
  readonly outputFormat: string;
}

export function gcCommand(launch: Launch): Command {
  const list = subcommand<Flags>('gc', {
    summary: 'List held deletions, and why they are held',
    examples: ['gc', 'gc -o json'],
    launch,
    options: (command) => command.addOption(outputOption(NAME_FORMATS)),
    run: listHeld,
  });
  const approveList = subcommand<Flags>('approve', {
    summary: 'Approve held deletions, and wait for them',
    examples: ['gc approve 689bd2064d199917'],
    launch,
    options: (command) => command.addOption(outputOption(REPORT_FORMATS)),
    argument: { name: 'hash', description: 'hash of the list, shown by `fluxctl gc`; approves exactly that list' },
    run: approve,
  });
  const listOrphans = subcommand<Flags>('orphans', {
    summary: 'List objects marked by another Flux source and missing from Git',
    examples: ['gc orphans', 'gc orphans -o json'],
    launch,
    options: (command) => command.addOption(outputOption(NAME_FORMATS)),
    run: orphans,
  });
  const deleteNamed = subcommand<Flags>('delete', {
    summary: 'Delete orphans by name, and wait for that',
    examples: ['gc delete shop:configmap/old shop:service/old', 'gc orphans -o name | grep ^old-shop: | xargs fluxctl gc delete'],
    launch,
    options: (command) => command.addOption(outputOption(REPORT_FORMATS)),
    anyArguments: '<object>...',
    run: deleteOrphans,
  });
  return list.addCommand(approveList).addCommand(listOrphans).addCommand(deleteNamed);
}

async function listHeld(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, NAME_FORMATS);
  const held = await (await session.client()).heldDeletions();
  if (!held) throw notKnown();
  if (format === 'table') session.stdout.write(formatHeld(held));
  else if (format === 'name') session.stdout.write(namesOf(held.deletions));
  else session.stdout.write(await dataText(format, held));
  if (format === 'table' && held.hash !== undefined)
    session.stderr.write(`To delete them, run: fluxctl gc approve ${held.hash}\n`);
  return 0;
}

function namesOf(objects: readonly { readonly id: string }[]): string {
  return objects.map(({ id }) => `${printableLine(id)}\n`).join('');
}

/** Each reason once, with the objects below it and their uids. */
function formatHeld({ deletions, approved }: HeldDeletionsWire): string {
  if (deletions.length === 0) return 'no deletions are held\n';
  const blocks = [...Map.groupBy(deletions, ({ reason }) => reason)].map(
    ([reason, each]) => `${printableLine(reason)}\n${formatTable(each.map(({ id, uid = '' }) => [`  ${id}`, uid]))}`,
  );
  const approvedLine = approved ? `approved ${approved.hash}: ${approved.deletions.length} not deleted yet\n` : '';
  return blocks.join('') + approvedLine;
}

/** The daemon's hash format; several sources have one each, joined by dots. */
const HASH = /^[0-9a-f]{12,64}(?:\.[0-9a-f]{12,64})*$/;

/** Approves a list. Deletions that are still held afterwards are an error. */
async function approve(session: Session, { outputFormat: asked }: Flags, [hash = '']: readonly string[]): Promise<number> {
  const format = outputFormat(asked, REPORT_FORMATS);
  if (!HASH.test(hash))
    throw usageError(`${JSON.stringify(hash)} is not a hash`, 'Run fluxctl gc to see the hash of the current list.');
  const client = await session.client();
  return carryOut(session, client, { format, start: () => client.approveDeletions(hash), counts: () => true });
}

interface Deletion {
  readonly format: ReportFormat;
  readonly start: () => Promise<SyncReportWire>;
  /** Whether the deletion of an object was requested. */
  readonly counts: (id: string) => boolean;
}

/** Starts a sync that deletes, waits for it and prints its result. Resolves to 1 when a requested deletion was not done. */
async function carryOut(session: Session, client: ApiClient, { format, start, counts }: Deletion): Promise<number> {
  const { remote } = await client.gitRepoConfig({ regenerateKey: false });
  const report = await reportSync(session, client, { branch: remote.branch, started: await start(), format });
  const { deletions = [] } = (await client.heldDeletions()) ?? {};
  const left = deletions.filter(({ id }) => counts(id)).length;
  const trouble = [describeTrouble(report), ...(left > 0 ? [`${left} ${left === 1 ? 'deletion' : 'deletions'} not done`] : [])]
    .filter((text) => text !== '')
    .join(', ');
  if (trouble === '') return 0;
  say(session, 'Error', trouble);
  return 1;
}

/** Only a person can decide who owns an orphan, so the daemon leaves them alone until then. */
async function orphans(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, NAME_FORMATS);
  const held = await (await session.client()).heldDeletions();
  if (!held) throw notKnown();
  const found = held.orphans ?? [];
  if (format === 'json' || format === 'yaml') session.stdout.write(await dataText(format, found));
  else session.stdout.write(found.length === 0 && format === 'table' ? 'no orphans\n' : namesOf(found));
  if (found.length > 0 && format === 'table')
    session.stderr.write(
      'fluxd leaves orphans alone. To keep one, add it to Git. To delete one that no other Flux manages, run: fluxctl gc delete <object>\n',
    );
  return 0;
}

/** Sends the uids listed now, so that a later object of the same name is not deleted. */
async function deleteOrphans(session: Session, { outputFormat: asked }: Flags, names: readonly string[]): Promise<number> {
  const format = outputFormat(asked, REPORT_FORMATS);
  if (names.length === 0) throw usageError('expected at least one argument: an object listed by `fluxctl gc orphans`');
  const client = await session.client();
  const held = await client.heldDeletions();
  if (!held) throw notKnown();
  const named = [...new Set(names)].map((name) => deletionOf(name, held.orphans ?? []));
  return carryOut(session, client, { format, start: () => client.deleteOrphans(named), counts: (id) => names.includes(id) });
}

function deletionOf(name: string, orphans: NonNullable<HeldDeletionsWire['orphans']>): { id: string; uid: string } {
  const uid = orphans.find(({ id }) => id === name)?.uid;
  if (uid !== undefined) return { id: name, uid };
  throw new FluxError(`${printableLine(name)} is not an orphan that can be deleted`, {
    code: 'cli/no-orphan',
    fault: 'user',
    help: 'Run `fluxctl gc orphans` to list orphans.',
  });
}

function notKnown(): FluxError {
  return new FluxError('this daemon does not hold deletions', { code: 'cli/not-supported', fault: 'user' });
}
