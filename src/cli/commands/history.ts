import type { Command } from 'commander';
import { short } from '../await-job.ts';
import { type Launch, subcommand } from '../command.ts';
import { notSupported, usageError } from '../errors.ts';
import { dataText, LIST_FORMATS, outputFormat, outputOption } from '../output-format.ts';
import { filterSyncs, isImage, objectText, type PastSync, type PastSyncFilter, parseSince } from '../past-syncs.ts';
import { printableLine } from '../printable.ts';
import { recordedHistory } from '../recorded-history.ts';
import type { Session } from '../session.ts';
import { countsText } from '../sync-summary.ts';
import { formatTable } from '../table.ts';
import { printOrWatch } from '../watch.ts';

interface Flags {
  readonly limit: string;
  readonly since?: string;
  readonly object?: string;
  readonly image?: string;
  readonly repo?: string;
  readonly gitBranch: string;
  readonly gitLabel?: string;
  readonly gitNotesRef: string;
  /** False with --no-headers. */
  readonly headers: boolean;
  readonly outputFormat: string;
  readonly watch?: boolean;
}

/** Past syncs that are searched for those that a filter asks for. */
const MAX_SEARCHED = 1_000;

export function historyCommand(launch: Launch): Command {
  return subcommand<Flags>('history', {
    summary: 'Show recent syncs, newest first',
    examples: [
      'history',
      'history --limit=50 -o wide',
      "history -o json | jq '.[0].changes'",
      'history --since=2h --object=shop:deployment/cart',
      'history --repo=git@github.com:you/config --git-branch=main',
    ],
    launch,
    options: (command) =>
      command
        .option('-l, --limit <number>', 'number of syncs to show', '10')
        .option('--since <time>', 'syncs since this time (RFC 3339) or for this duration, and the one in force then')
        .option('--object <id>', 'only syncs that changed this object, and what became of it')
        .option('--image <name>', 'only syncs with this image; registry, tag and digest may be left out')
        .option('--repo <url>', 'read the records of this repository, a URL or a path, without a daemon')
        .option('--git-branch <branch>', 'branch, with --repo', 'master')
        .option('--git-label <label>', 'label of the daemon, in place of --git-notes-ref, with --repo')
        .option('--git-notes-ref <ref>', 'notes ref of the daemon, with --repo', 'flux')
        .option('--no-headers', 'omit the heading')
        .option('--watch', 'list again after each change, until interrupted')
        .addOption(outputOption(LIST_FORMATS)),
    run: history,
  });
}

async function history(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, LIST_FORMATS);
  const limit = Number(flags.limit);
  if (!Number.isInteger(limit) || limit < 1)
    throw usageError(`invalid argument ${JSON.stringify(flags.limit)} for "-l, --limit" flag: it must be 1 or more`);
  const { object, image, since, repo } = flags;
  if (repo === '') throw usageError('--repo needs a URL or a path');
  const filter: PastSyncFilter = {
    ...(since === undefined ? {} : { since: parseSince(since, session.clock.now()) }),
    ...(object === undefined ? {} : { object }),
    ...(image === undefined ? {} : { image }),
  };
  const searched = Object.keys(filter).length === 0 ? limit : Math.max(limit, MAX_SEARCHED);
  return printOrWatch(session, flags, async () => {
    const all = repo === undefined ? await ofDaemon(session, searched) : await ofRepository(session, repo, flags, searched);
    const syncs = filterSyncs(all, filter).slice(0, limit);
    if (format === 'json' || format === 'yaml') return dataText(format, syncs);
    if (format === 'name') return syncs.map(({ revision }) => `${printableLine(revision)}\n`).join('');
    return tableOf(syncs, filter, format, flags.headers);
  });
}

async function ofDaemon(session: Session, limit: number): Promise<readonly PastSync[]> {
  const page = await (await session.client()).history({ limit });
  if (!page) throw notSupported('list past syncs');
  if (page.inMemory) session.stderr.write('fluxd keeps its records in memory (--sync-state=secret): earlier syncs are missing\n');
  return page.syncs;
}

async function ofRepository(session: Session, repository: string, flags: Flags, limit: number): Promise<readonly PastSync[]> {
  const { gitBranch: branch, gitLabel, gitNotesRef } = flags;
  const { syncs, skipped } = await recordedHistory(session, { repository, branch, notesRef: gitLabel ?? gitNotesRef }, limit);
  if (skipped > 0)
    session.stderr.write(`${skipped} record${skipped === 1 ? '' : 's'} skipped: not in a form that this fluxctl reads\n`);
  if (syncs.length === 0) session.stderr.write('no record of a sync found; check --git-branch and --git-label\n');
  return syncs;
}

function tableOf(syncs: readonly PastSync[], filter: PastSyncFilter, format: 'table' | 'wide', headers: boolean): string {
  const wide = format === 'wide';
  const { object, image } = filter;
  const headings = [
    'STARTED',
    'REVISION',
    ...(wide ? ['TOOK', 'DAEMON'] : []),
    object === undefined ? 'OBJECTS' : 'OBJECT',
    'IMAGES',
  ];
  const rows = syncs.map((sync) => {
    const { startedAt, revision, durationMs, daemon = '', counts, changes, failure, imageUpdates } = sync;
    const updates = imageUpdates.filter(
      ({ workload, from, to }) =>
        (object === undefined || workload === object) && (image === undefined || isImage(from, image) || isImage(to, image)),
    );
    const isAsked = object !== undefined || image !== undefined;
    return [
      startedAt.replace(/\.\d+Z$/, 'Z'),
      wide ? revision : short(revision),
      ...(wide ? [took(durationMs), daemon] : []),
      failure
        ? `sync failed: ${failure.message}`
        : object === undefined
          ? countsText(counts, changes.filter(({ outcome }) => outcome === 'refused').length)
          : objectText(sync, object),
      updates.map(({ container, to, commit }) => `${container} to ${to}${isAsked ? ` by ${short(commit)}` : ''}`).join(', '),
    ];
  });
  return formatTable([...(headers ? [headings] : []), ...rows]);
}

function took(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 1000 ? `${ms}ms` : `${(ms / 1000).toFixed(1)}s`;
}
