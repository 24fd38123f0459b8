import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';

export function versionCommand(launch: Launch): Command {
  return subcommand('version', {
    summary: 'Output the version of fluxctl',
    examples: ['version'],
    launch,
    async run({ stdout, version }) {
      stdout.write(`${version}\n`);
      return 0;
    },
  });
}
