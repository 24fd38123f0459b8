import type { Command } from 'commander';
import type { HistoryWire } from '../../api/client/index.ts';
import { short } from '../await-job.ts';
import { type Launch, subcommand } from '../command.ts';
import { notSupported, usageError } from '../errors.ts';
import { dataText, LIST_FORMATS, outputFormat, outputOption } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { countsText } from '../sync-summary.ts';
import { formatTable } from '../table.ts';
import { printOrWatch } from '../watch.ts';

interface Flags {
  readonly limit: string;
  /** False with --no-headers. */
  readonly headers: boolean;
  readonly outputFormat: string;
  readonly watch?: boolean;
}

type PastSync = HistoryWire['syncs'][number];

export function historyCommand(launch: Launch): Command {
  return subcommand<Flags>('history', {
    summary: 'Show recent syncs, newest first',
    examples: ['history', 'history --limit=50 -o wide', "history -o json | jq '.[0].changes'"],
    launch,
    options: (command) =>
      command
        .option('-l, --limit <number>', 'number of syncs to show', '10')
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
  const client = await session.client();
  return printOrWatch(session, flags, async () => {
    const syncs = await client.history({ limit });
    if (!syncs) throw notSupported('list past syncs');
    if (format === 'json' || format === 'yaml') return dataText(format, syncs);
    if (format === 'name') return syncs.map(({ revision }) => `${printableLine(revision)}\n`).join('');
    return tableOf(syncs, format, flags.headers);
  });
}

function tableOf(syncs: readonly PastSync[], format: 'table' | 'wide', headers: boolean): string {
  const wide = format === 'wide';
  const headings = ['STARTED', 'REVISION', ...(wide ? ['TOOK', 'DAEMON'] : []), 'OBJECTS', 'IMAGES'];
  const rows = syncs.map(({ startedAt, revision, durationMs, daemon = '', counts, changes, failure, imageUpdates }) => [
    startedAt.replace(/\.\d+Z$/, 'Z'),
    wide ? revision : short(revision),
    ...(wide ? [took(durationMs), daemon] : []),
    failure
      ? `sync failed: ${failure.message}`
      : countsText(counts, changes.filter(({ outcome }) => outcome === 'refused').length),
    imageUpdates.map(({ container, to }) => `${container} to ${to}`).join(', '),
  ]);
  return formatTable([...(headers ? [headings] : []), ...rows]);
}

function took(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 1000 ? `${ms}ms` : `${(ms / 1000).toFixed(1)}s`;
}
