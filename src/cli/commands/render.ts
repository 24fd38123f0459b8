import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { outputFormat, outputOption, RENDER_FORMATS } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import { appliedOf } from '../render/applied.ts';
import { renderOptions } from '../render/options.ts';
import type { RenderFlags } from '../render/render-local.ts';
import { renderedText } from '../render/rendered-text.ts';
import { reportLeftOut, reportProblems } from '../render/report.ts';
import type { Session } from '../session.ts';

interface Flags extends RenderFlags {
  readonly updateLock?: boolean;
  readonly outputFormat: string;
}

const MORE = `
A path is one of --git-path of fluxd: a folder or file of a work tree of Git (default the current folder). Files that are not committed count, ignored ones do not. A folder outside of Git is a repository of its own.

Nothing is decrypted: a file that SOPS encrypted, and a folder that has one as input, are refused and named. Values that a chart takes from the cluster (valuesFrom) are left out, with a warning. 'fluxctl diff --revision' of a pushed branch has both.

Exit codes: 0 success, 1 an error, or something is refused; the rest is printed all the same.
`;

export function renderCommand(launch: Launch): Command {
  return subcommand<Flags>('render', {
    summary: 'Print the objects that fluxd would apply, without a daemon',
    examples: [
      'render envs/staging',
      'render base envs/staging --allow-commands',
      'render --kustomize=auto staging',
      'render --revision=origin/main envs/staging -o name',
      'render --update-lock envs/staging',
      'render envs/staging -o json | jq -r .[].object.kind',
    ],
    launch,
    anyArguments: '[path...]',
    options: (command) => {
      command.option('--revision <revision>', 'render this commit, branch or tag of the local repository, not the files on disk');
      for (const option of renderOptions('')) command.addOption(option);
      command.option(
        '--update-lock',
        'instead, lock the newest versions that .flux.yaml files allow of Helm charts from elsewhere',
      );
      command.addOption(outputOption(RENDER_FORMATS));
    },
    more: MORE,
    run: render,
  });
}

async function render(session: Session, flags: Flags, args: readonly string[]): Promise<number> {
  const format = outputFormat(flags.outputFormat, RENDER_FORMATS);
  const paths = args.length === 0 ? ['.'] : args;
  if (flags.updateLock) {
    if (flags.revision !== undefined) throw usageError('--update-lock writes files on disk, so it excludes --revision');
    const { updateLocks } = await import('../render/update-locks.ts');
    return updateLocks(session, paths, flags);
  }
  const { renderLocal } = await import('../render/render-local.ts');
  return renderLocal(session, paths, flags, async ({ state, leftOut }) => {
    const { applied, ignored, errors, unknownKinds } = appliedOf(state);
    session.stdout.write(await renderedText(format, applied));
    reportProblems(session, errors, state.warnings);
    reportLeftOut(session, leftOut);
    for (const { id } of ignored) session.stderr.write(`${printableLine(`skipped ${id}: fluxcd.io/ignore: true in Git`)}\n`);
    if (format === 'name' && unknownKinds.length > 0)
      session.stderr.write(
        `${printableLine(`warning without a cluster it is not known whether these are in a namespace: ${unknownKinds.join(', ')}`)}\n`,
      );
    return errors.length === 0 ? 0 : 1;
  });
}
