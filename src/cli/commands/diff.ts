import type { Command } from 'commander';
import type { DiffReportWire, DiffRequestWire } from '../../api/client/index.ts';
import { collect, type Launch, subcommand } from '../command.ts';
import { formatDiff } from '../diff-report.ts';
import { notSupported, usageError } from '../errors.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { renderOptions } from '../render/options.ts';
import type { RenderFlags } from '../render/render-local.ts';
import { reportLeftOut, reportProblems } from '../render/report.ts';
import type { Session } from '../session.ts';
import { painter, say } from '../style.ts';

interface Flags extends RenderFlags {
  readonly path?: readonly string[];
  readonly outputFormat: string;
}

const EXIT_CODES = `
Exit codes: 0 no changes, 1 a sync would change objects or holds some back, 2 or more an error: the API server rejects an object, a manifest cannot be read, or the daemon does not answer.
`;

export function diffCommand(launch: Launch): Command {
  return subcommand<Flags>('diff', {
    summary: 'Show what a sync would change, field by field',
    examples: [
      'diff',
      'diff --revision=feature/new-cart',
      'diff --path=./cluster',
      'diff --path=base,envs/staging --allow-commands',
    ],
    launch,
    options: (command) => {
      command
        .option('--revision <revision>', 'commit, branch or tag to compare (default the head of the branch, as last fetched)')
        .option('--path <directories>', 'compare these local directories, rendered, instead of the repository', collect);
      for (const option of renderOptions('with --path, ')) command.addOption(option);
      command.addOption(outputOption(REPORT_FORMATS));
    },
    more: EXIT_CODES,
    run: diff,
  });
}

async function diff(session: Session, flags: Flags): Promise<number> {
  const { revision, path, kustomize, allowCommands, generationEnv, kubeVersion, apiVersions } = flags;
  const form = outputFormat(flags.outputFormat, REPORT_FORMATS);
  if (revision !== undefined && path !== undefined) throw usageError('cannot specify both --revision and --path');
  if (path === undefined && (kustomize || allowCommands || generationEnv || kubeVersion || apiVersions))
    throw usageError('--kustomize, --allow-commands, --generation-env, --kube-version and --api-versions need --path');
  const { stdout, timeoutMs, progress } = session;
  const { request, answered } = path === undefined ? ofRepository(revision) : await ofLocalFiles(session, path, flags);
  const client = await session.client();
  const answer = await progress.during(client.diff(request, { timeoutMs }), () => 'running a dry run on the API server');
  if (!answer) throw notSupported('compare');
  const report = answered(answer);
  if (form === 'table') stdout.write(formatDiff(report, painter(session, stdout)));
  else stdout.write(await dataText(form, report));
  const trouble = troubleOf(report);
  if (trouble !== '') say(session, 'Error', trouble);
  return trouble !== '' ? 2 : differs(report) ? 1 : 0;
}

/** What to ask the daemon for, and what its answer means. */
interface Asked {
  readonly request: DiffRequestWire;
  readonly answered: (report: DiffReportWire) => DiffReportWire;
}

function ofRepository(revision: string | undefined): Asked {
  return { request: revision === undefined ? {} : { revision }, answered: (report) => report };
}

/** @throws FluxError `cli/not-rendered` */
async function ofLocalFiles(session: Session, paths: readonly string[], flags: RenderFlags): Promise<Asked> {
  // Loaded on demand, like the client.
  const [{ MAX_DIFF_BYTES }, { renderLocal }, { localDiff }] = await Promise.all([
    import('../../api/client/index.ts'),
    import('../render/render-local.ts'),
    import('../render/local-diff.ts'),
  ]);
  return renderLocal(session, paths, flags, async (rendered) => {
    const local = await localDiff(rendered, MAX_DIFF_BYTES);
    reportLeftOut(session, rendered.leftOut);
    if (local.kind === 'comparable') {
      reportProblems(session, [], local.warnings);
      return local;
    }
    reportProblems(session, local.errors, []);
    throw local.error;
  });
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
