import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import { printable } from '../printable.ts';

interface Flags {
  readonly regenerate?: boolean;
  readonly fingerprint?: boolean;
  readonly visual?: boolean;
}

export function identityCommand(launch: Launch): Command {
  return subcommand<Flags>('identity', {
    summary: 'Show the public SSH key that the daemon uses for Git',
    examples: ['identity', 'identity -l'],
    launch,
    options: (command) =>
      command
        .option('-r, --regenerate', 'make a new key first (not built yet)')
        .option('-l, --fingerprint', 'show the fingerprint instead of the key')
        .option('-v, --visual', 'show the fingerprint as a picture too'),
    async run(session, { regenerate = false, fingerprint = false, visual = false }) {
      const { publicSSHKey } = await (await session.client()).gitRepoConfig({ regenerateKey: regenerate });
      const md5 = publicSSHKey.fingerprints?.md5;
      if (!fingerprint && !visual) session.stdout.write(printable(publicSSHKey.key));
      else session.stdout.write(`${printable(md5?.hash ?? '')}\n`);
      if (visual) session.stdout.write(printable(md5?.randomart ?? ''));
      return 0;
    },
  });
}
