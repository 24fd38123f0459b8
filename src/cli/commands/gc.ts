import type { Command } from 'commander';
import type { ApiClient, HeldDeletionsWire, SyncReportWire } from '../../api/client/index.ts';
import { FluxError } from '../../base/index.ts';
import { reportSync } from '../await-sync.ts';
import { type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { outputFormat, outputOption, REPORT_FORMATS, writeData } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { describeTrouble } from '../sync-summary.ts';
import { formatTable } from '../table.ts';

interface Flags {
  readonly outputFormat: string;
}

export function gcCommand(launch: Launch): Command {
  const list = subcommand<Flags>('gc', {
    summary: 'List what is not in Git any more and was not deleted, and why',
    examples: ['gc', 'gc -o json'],
    launch,
    options: (command) => command.addOption(outputOption(REPORT_FORMATS)),
    run: listHeld,
  });
  const approveList = subcommand<object>('approve', {
    summary: 'Approve the list of held deletions that has this hash, and wait until they are done',
    examples: ['gc approve 689bd2064d199917'],
    launch,
    argument: { name: 'hash', description: 'the hash that `fluxctl gc` shows; the approval is for exactly that list' },
    run: approve,
  });
  const listOrphans = subcommand<object>('orphans', {
    summary: 'List what is not in Git and has the mark of another Flux, or of this one under another URL, branch or path',
    examples: ['gc orphans'],
    launch,
    run: orphans,
  });
  const deleteNamed = subcommand<object>('delete', {
    summary: 'Delete orphans, by name, and wait until that is done',
    examples: ['gc delete shop:configmap/old shop:service/old', 'gc orphans | xargs fluxctl gc delete'],
    launch,
    anyArguments: '<object>...',
    run: deleteOrphans,
  });
  return list.addCommand(approveList).addCommand(listOrphans).addCommand(deleteNamed);
}

async function listHeld(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  const held = await (await session.client()).heldDeletions();
  if (!held) throw notKnown();
  if (format === 'table') session.stdout.write(formatHeld(held));
  else await writeData(session.stdout, format, held);
  if (format === 'table' && held.hash !== undefined)
    session.stderr.write(`To delete them, run: fluxctl gc approve ${held.hash}\n`);
  return 0;
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

/** Approves; anything that is still held then is an error. */
async function approve(session: Session, _flags: object, [hash = '']: readonly string[]): Promise<number> {
  const client = await session.client();
  return carryOut(
    session,
    client,
    () => client.approveDeletions(hash),
    () => true,
  );
}

/** Starts a sync that deletes, waits for it and prints what it did; 1 when any of the deletions that count is not done. */
async function carryOut(
  session: Session,
  client: ApiClient,
  start: () => Promise<SyncReportWire>,
  counts: (id: string) => boolean,
): Promise<number> {
  const { remote } = await client.gitRepoConfig({ regenerateKey: false });
  const report = await reportSync(session, client, { branch: remote.branch, started: await start() });
  const { deletions = [] } = (await client.heldDeletions()) ?? {};
  const left = deletions.filter(({ id }) => counts(id)).length;
  const trouble = [describeTrouble(report), ...(left > 0 ? [`${left} ${left === 1 ? 'deletion' : 'deletions'} not done`] : [])]
    .filter((text) => text !== '')
    .join(', ');
  if (trouble === '') return 0;
  session.stderr.write(`Error: ${trouble}\n`);
  return 1;
}

/** Whose they are only a person can tell, so the daemon leaves them alone until one does. */
async function orphans(session: Session): Promise<number> {
  const held = await (await session.client()).heldDeletions();
  if (!held) throw notKnown();
  const found = held.orphans ?? [];
  session.stdout.write(found.length === 0 ? 'no orphans\n' : found.map(({ id }) => `${printableLine(id)}\n`).join(''));
  if (found.length > 0)
    session.stderr.write(
      'They are left alone. To keep one, put it into Git; to be rid of one that no other Flux keeps, run: fluxctl gc delete <object>\n',
    );
  return 0;
}

/** The uids that are shown now go along, so that nothing is deleted but what the name means at this moment. */
async function deleteOrphans(session: Session, _flags: object, names: readonly string[]): Promise<number> {
  if (names.length === 0) throw usageError('expected at least one argument: an object that `fluxctl gc orphans` lists');
  const client = await session.client();
  const held = await client.heldDeletions();
  if (!held) throw notKnown();
  const named = [...new Set(names)].map((name) => deletionOf(name, held.orphans ?? []));
  return carryOut(
    session,
    client,
    () => client.deleteOrphans(named),
    (id) => names.includes(id),
  );
}

function deletionOf(name: string, orphans: NonNullable<HeldDeletionsWire['orphans']>): { id: string; uid: string } {
  const uid = orphans.find(({ id }) => id === name)?.uid;
  if (uid !== undefined) return { id: name, uid };
  throw new FluxError(`${printableLine(name)} is not an orphan that can be deleted`, {
    code: 'cli/no-orphan',
    fault: 'user',
    help: '`fluxctl gc orphans` lists those there are.',
  });
}

function notKnown(): FluxError {
  return new FluxError('this daemon does not hold deletions', { code: 'cli/not-supported', fault: 'user' });
}
