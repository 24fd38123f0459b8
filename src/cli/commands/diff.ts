import type { Command } from 'commander';
import type { DiffReportWire, DiffRequestWire } from '../../api/client/index.ts';
import { type Launch, subcommand } from '../command.ts';
import { formatDiff } from '../diff-report.ts';
import { notSupported, usageError } from '../errors.ts';
import { readManifestFiles } from '../local-manifests.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import type { Session } from '../session.ts';
import { painter, say } from '../style.ts';

interface Flags {
  readonly revision?: string;
  readonly path?: string;
  readonly outputFormat: string;
}

const EXIT_CODES = `
Exit codes: 0 no changes, 1 a sync would change objects or holds some back, 2 or more an error: the API server rejects an object, a manifest cannot be read, or the daemon does not answer.
`;

export function diffCommand(launch: Launch): Command {
  return subcommand<Flags>('diff', {
    summary: 'Show what a sync would change, field by field',
    examples: ['diff', 'diff --revision=feature/new-cart', 'diff --path=./cluster'],
    launch,
    options: (command) =>
      command
        .option('--revision <revision>', 'commit, branch or tag to compare (default the head of the branch, as last fetched)')
        .option('--path <directory>', 'compare the manifests in this local directory instead of the repository')
        .addOption(outputOption(REPORT_FORMATS)),
    more: EXIT_CODES,
    run: diff,
  });
}

async function diff(session: Session, { revision, path, outputFormat: format }: Flags): Promise<number> {
  const form = outputFormat(format, REPORT_FORMATS);
  if (revision !== undefined && path !== undefined) throw usageError('cannot specify both --revision and --path');
  const { stdout, timeoutMs, progress } = session;
  const request = path === undefined ? { ...(revision === undefined ? {} : { revision }) } : await requestOf(path);
  const client = await session.client();
  const report = await progress.during(client.diff(request, { timeoutMs }), () => 'running a dry run on the API server');
  if (!report) throw notSupported('compare');
  if (form === 'table') stdout.write(formatDiff(report, painter(session, stdout)));
  else stdout.write(await dataText(form, report));
  const trouble = troubleOf(report);
  if (trouble !== '') say(session, 'Error', trouble);
  return trouble !== '' ? 2 : differs(report) ? 1 : 0;
}

async function requestOf(path: string): Promise<DiffRequestWire> {
  // Loaded on demand, like the client.
  const { MAX_DIFF_BYTES } = await import('../../api/client/index.ts');
  return { files: [...(await readManifestFiles(path, MAX_DIFF_BYTES))] };
}

function differs({ counts }: DiffReportWire): boolean {
  return ['create', 'change', 'prune', 'held'].some((action) => (counts[action] ?? 0) > 0);
}

function troubleOf({ counts, errors }: DiffReportWire): string {
  const failed = counts.failed ?? 0;
  return [
    ...(failed > 0 ? [`${failed} ${failed === 1 ? 'object' : 'objects'} would fail`] : []),
    ...(errors.length > 0 ? [`${errors.length} ${errors.length === 1 ? 'manifest' : 'manifests'} refused`] : []),
  ].join(', ');
}
