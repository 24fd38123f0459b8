import { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import { beginning, type Candidate, type Completion, completionOf } from '../completion/candidates.ts';
import { usageError } from '../errors.ts';
import { printableLine } from '../printable.ts';
import { createSession, type OwnedSession, type Session } from '../session.ts';

export function completionCommand(launch: Launch): Command {
  return subcommand<object>('completion', {
    summary: 'Print a completion script for a shell',
    examples: [
      '# for the current bash or zsh only',
      'source <(fluxctl completion bash)',
      '',
      '# for every new shell',
      'completion bash > ~/.local/share/bash-completion/completions/fluxctl',
      'completion zsh > "$fpath[1]/_fluxctl"',
      'completion fish > ~/.config/fish/completions/fluxctl.fish',
      'completion powershell | Out-String | Invoke-Expression',
    ],
    launch,
    anyArguments: '<bash|zsh|fish|powershell>',
    async run({ stdout }, _flags, shells) {
      const [shell] = shells;
      if (shell === undefined) throw usageError('please specify a shell', SHELLS);
      if (shells.length > 1) throw usageError('please specify one of the following shells: bash fish zsh');
      const { SCRIPTS } = await import('../completion/scripts.ts');
      const script = SCRIPTS[shell];
      if (script === undefined) throw usageError(`unsupported shell type ${JSON.stringify(shell)}`, SHELLS);
      stdout.write(script);
      return 0;
    },
  });
}

const SHELLS = 'Supported shells: bash, zsh, fish, powershell.';

/** Limit for fetching names, during which the shell shows nothing. */
const PATIENCE_MS = 5000;

/** Called by the scripts with the words of a command line up to the cursor. It never fails and prints no errors. */
export function completeCommand(launch: Launch): Command {
  const command = new Command('__complete').allowExcessArguments(true);
  return command.action(() =>
    launch(command, async (session) => {
      const program = command.parent;
      if (!program) return 0;
      const begun = command.args.at(-1) ?? '';
      const current = begun === '""' ? '' : begun; // PowerShell's form of an empty word
      const found = completionOf(program, [...command.args.slice(0, -1), current]);
      const candidates = [...found.candidates, ...(await namesFor(session, found, current))];
      for (const { value, meaning = '' } of candidates)
        session.stdout.write(`${printableLine(value)}\t${printableLine(meaning)}\n`);
      if (found.directories) session.stdout.write(':directories\n');
      return 0;
    }),
  );
}

async function namesFor(session: Session, { names, prefix, globals }: Completion, begun: string): Promise<readonly Candidate[]> {
  if (names === undefined) return [];
  const { env, stdout, stderr, clock, version, keyboard } = session;
  using over = clock.deadline(PATIENCE_MS);
  let asking: OwnedSession | undefined;
  try {
    const { liveNames } = await import('../completion/live-names.ts');
    asking = createSession({ flags: globals, env, stdout, stderr, clock, version, keyboard });
    const known = await Promise.race([liveNames(asking, names), rejectedBy(over.signal)]);
    return beginning(
      known.map((name) => ({ value: prefix + name })),
      begun,
    );
  } catch {
    return []; // no daemon, no rights, a broken kubeconfig, a timeout: completion must not print errors
  } finally {
    await asking?.close();
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}
