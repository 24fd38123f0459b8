import type { Command } from 'commander';
import type { ListedWorkload } from '../../api/client/index.ts';
import { type Launch, subcommand } from '../command.ts';
import { dataText, LIST_FORMATS, outputFormat, outputOption } from '../output-format.ts';
import { printableLine } from '../printable.ts';
import type { Session } from '../session.ts';
import { formatTable } from '../table.ts';
import { printOrWatch } from '../watch.ts';

interface Flags {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
  readonly container?: string;
  /** False with --no-headers. */
  readonly headers: boolean;
  readonly outputFormat: string;
  readonly watch?: boolean;
}

export function listWorkloadsCommand(launch: Launch): Command {
  return subcommand<Flags>('list-workloads', {
    summary: 'List the workloads of the cluster',
    examples: ['list-workloads --all-namespaces', 'list-workloads -n shop -o wide', 'list-workloads -n shop --watch'],
    launch,
    instead: 'Use --namespace for a namespace.',
    options: (command) =>
      command
        .alias('list-controllers')
        .option('-n, --namespace <namespace>', 'namespace to list (default from the kubeconfig context)')
        .option('-a, --all-namespaces', 'list all namespaces')
        .option('-c, --container <name>', 'only workloads with this container')
        .option('--no-headers', 'omit the heading')
        .option('--watch', 'list again after each change, until interrupted')
        .addOption(outputOption(LIST_FORMATS)),
    run: listWorkloads,
  });
}

async function listWorkloads(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, LIST_FORMATS);
  const namespace = flags.allNamespaces ? '' : await session.namespace(flags.namespace);
  const client = await session.client();
  return printOrWatch(session, flags, async () => {
    const listed = await client.listWorkloads({ namespace });
    const workloads = listed
      .filter(({ Containers }) => flags.container === undefined || Containers?.some(({ Name }) => Name === flags.container))
      .sort((a, b) => (a.ID < b.ID ? -1 : 1));
    if (workloads.length === 0 && !flags.watch) session.stderr.write(`${nothingIn(namespace)}\n`);
    if (format === 'json' || format === 'yaml') return dataText(format, workloads.length === 0 ? null : workloads);
    return format === 'name' ? namesOf(workloads) : tableOf(workloads, format, flags.headers);
  });
}

function nothingIn(namespace: string): string {
  if (namespace === '') return 'No workloads found';
  return `No workloads found in namespace ${JSON.stringify(namespace)}; use -a for all namespaces`;
}

function namesOf(workloads: readonly ListedWorkload[]): string {
  return workloads.map(({ ID }) => `${printableLine(ID)}\n`).join('');
}

interface Column {
  readonly heading: string;
  readonly of: (workload: ListedWorkload) => string;
}

/** Columns after id, container and image; shown once, on the first line of a workload. */
const COLUMNS: Readonly<Record<'table' | 'wide', readonly Column[]>> = {
  table: [
    { heading: 'RELEASE', of: ({ Status }) => Status },
    { heading: 'POLICY', of: policiesOf },
  ],
  wide: [
    { heading: 'RELEASE', of: ({ Status }) => Status },
    { heading: 'REPLICAS', of: ({ Rollout }) => `${Rollout.Updated}/${Rollout.Desired}` },
    { heading: 'READY', of: ({ Rollout }) => `${Rollout.Ready}/${Rollout.Desired}` },
    { heading: 'READ-ONLY', of: ({ ReadOnly = '' }) => ReadOnly },
    { heading: 'POLICY', of: policiesOf },
    { heading: 'SYNC ERROR', of: ({ SyncError = '' }) => SyncError },
  ],
};

function tableOf(workloads: readonly ListedWorkload[], format: 'table' | 'wide', headers: boolean): string {
  const columns = COLUMNS[format];
  const headings = ['WORKLOAD', 'CONTAINER', 'IMAGE', ...columns.map(({ heading }) => heading)];
  return formatTable([...(headers ? [headings] : []), ...workloads.flatMap((workload) => rowsOf(workload, columns))]);
}

/** The first container is on the workload's own line, the others below it. */
function rowsOf(workload: ListedWorkload, columns: readonly Column[]): string[][] {
  const [first, ...others] = workload.Containers ?? [];
  return [
    [workload.ID, first?.Name ?? '', first?.Current.ID ?? '', ...columns.map(({ of }) => of(workload))],
    ...others.map(({ Name, Current }) => ['', Name ?? '', Current.ID, ...columns.map(() => '')]),
  ];
}

function policiesOf({ Automated, Ignore, Locked }: ListedWorkload): string {
  return [...(Automated ? ['automated'] : []), ...(Ignore ? ['ignore'] : []), ...(Locked ? ['locked'] : [])].join(',');
}
