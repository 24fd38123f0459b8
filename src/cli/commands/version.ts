import type { Command } from 'commander';
import { type Launch, subcommand } from '../command.ts';
import { dataText, outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { printableLine } from '../printable.ts';

interface Flags {
  readonly server?: boolean;
  readonly outputFormat: string;
}

export function versionCommand(launch: Launch): Command {
  return subcommand<Flags>('version', {
    summary: 'Print the version of fluxctl',
    examples: ['version', 'version --server -o json'],
    launch,
    options: (command) =>
      command.option('--server', 'also print the version of the daemon').addOption(outputOption(REPORT_FORMATS)),
    async run(session, { server = false, outputFormat: asked }) {
      const format = outputFormat(asked, REPORT_FORMATS);
      const fluxd = server ? await (await session.client()).version() : undefined;
      const { stdout, version } = session;
      if (format !== 'table')
        stdout.write(await dataText(format, { fluxctl: version, ...(fluxd === undefined ? {} : { fluxd }) }));
      else stdout.write(fluxd === undefined ? `${version}\n` : `fluxctl ${version}\nfluxd   ${printableLine(fluxd)}\n`);
      return 0;
    },
  });
}
