import type { Command } from 'commander';
import type { ListedWorkload } from '../../api/client/index.ts';
import { goJson } from '../../base/index.ts';
import { type Launch, subcommand } from '../command.ts';
import { outputFormat } from '../output-format.ts';
import { printableJson } from '../printable.ts';
import { formatTable } from '../table.ts';

interface Flags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly container?: string;
  /** False with --no-headers. */
  readonly headers: boolean;
  readonly outputFormat: string;
}

export function listWorkloadsCommand(launch: Launch): Command {
  return subcommand<Flags>('list-workloads', {
    summary: 'List the workloads that run in the cluster',
    examples: ['list-workloads --all-namespaces', 'list-workloads -n shop -o wide', 'list-workloads -n shop --watch'],
    launch,
    options: (command) =>
      command
        .alias('list-controllers')
        .option('-n, --namespace <namespace>', 'the namespace to list')
        .option('-a, --all-namespaces', 'list every namespace')
        .option('-c, --container <name>', 'only workloads that have this container')
        .option('--no-headers', 'leave the heading out')
        .option('-o, --output-format <format>', 'tab or json', 'tab'),
    async run(session, flags) {
      const format = outputFormat(flags.outputFormat);
      const namespace = flags.allNamespaces ? '' : await session.namespace(flags.namespace);
      const listed = await (await session.client()).listWorkloads({ namespace });
      const workloads = listed
        .filter(({ Containers }) => flags.container === undefined || Containers?.some(({ Name }) => Name === flags.container))
        .sort((a, b) => (a.ID < b.ID ? -1 : 1));
      session.stdout.write(
        format === 'json'
          ? `${printableJson(goJson(workloads.length === 0 ? null : workloads))}\n`
          : formatTable([...(flags.headers ? [HEADINGS] : []), ...workloads.flatMap(rowsOf)]),
      );
      return 0;
    },
  });
}

const HEADINGS = ['WORKLOAD', 'CONTAINER', 'IMAGE', 'RELEASE', 'POLICY'];

/** The first container stands on the workload's own line, the others below it. */
function rowsOf(workload: ListedWorkload): string[][] {
  const [first, ...others] = workload.Containers ?? [];
  return [
    [workload.ID, first?.Name ?? '', first?.Current.ID ?? '', workload.Status, policiesOf(workload)],
    ...others.map(({ Name, Current }) => ['', Name ?? '', Current.ID, '', '']),
  ];
}

function policiesOf({ Automated, Ignore, Locked }: ListedWorkload): string {
  return [...(Automated ? ['automated'] : []), ...(Ignore ? ['ignore'] : []), ...(Locked ? ['locked'] : [])].join(',');
}
