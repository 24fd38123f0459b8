import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { printable, printableLine } from '../printable.ts';

interface Flags {
  readonly regenerate?: boolean;
  readonly fingerprint?: boolean;
  readonly visual?: boolean;
  readonly outputFormat: string;
}

export function identityCommand(launch: Launch): Command {
  return subcommand<Flags>('identity', {
    summary: 'Show the public SSH key that the daemon uses for Git',
    examples: ['identity', 'identity -l'],
    launch,
    options: (command) =>
      command
        .option('-r, --regenerate', 'generate a new key first; the one before remains in use until the Git host has accepted it')
        .option('-l, --fingerprint', 'show the fingerprint instead of the key')
        .option('-v, --visual', 'also show the fingerprint as ASCII art')
        .addOption(outputOption(REPORT_FORMATS)),
    async run(session, { regenerate = false, fingerprint = false, visual = false, outputFormat: asked }) {
      const format = outputFormat(asked, REPORT_FORMATS);
      const { publicSSHKey, status, errors } = await (await session.client()).gitRepoConfig({ regenerateKey: regenerate });
      if (publicSSHKey.key === '') {
        const why = status === 'ready' || errors === '' ? '' : ` The state of the repository: ${printableLine(errors)}`;
        session.stderr.write(
          `The daemon has no SSH key of its own: it does not use SSH for Git, or could not get one, or uses ssh’s default keys.${why}\n`,
        );
      }
      if (format !== 'table') {
        session.stdout.write(await dataText(format, publicSSHKey));
        return 0;
      }
      const md5 = publicSSHKey.fingerprints?.md5;
      if (!fingerprint && !visual) session.stdout.write(keyText(publicSSHKey.key));
      else session.stdout.write(`${printableLine(md5?.hash ?? '')}\n`);
      if (visual) session.stdout.write(printable(md5?.randomart ?? ''));
      return 0;
    },
  });
}

/** Forces one line, since users copy the output to where keys are trusted. */
function keyText(key: string): string {
  return printableLine(key.trimEnd()) + (key.endsWith('\n') ? '\n' : '');
}
