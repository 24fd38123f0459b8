import type { Command } from 'commander';
import { formatResourceId, parseResourceIdIn } from '../../resource/index.ts';
import { awaitJob, reportJob } from '../await-job.ts';
import { type CauseFlags, causeFrom, messageOption, userOption } from '../cause.ts';
import { count, type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { refuseFluxV1 } from '../flux-v1.ts';
import { outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import type { Session } from '../session.ts';

interface Flags extends CauseFlags {
  readonly namespace?: string;
  readonly workload?: string;
  readonly container?: string;
  readonly to?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly skipVerify?: boolean;
  readonly verbose: number;
  readonly outputFormat: string;
}

export function rollbackCommand(launch: Launch): Command {
  return subcommand<Flags>('rollback', {
    summary: 'Put the image before back, and ban the bad one',
    examples: [
      'rollback --workload=shop:deployment/cart',
      'rollback -n shop -w deployment/cart --to=1.2.0 -m "1.3.0 loses orders"',
      'rollback -w shop:deployment/cart -c cart --dry-run',
    ],
    launch,
    options: (command) =>
      command
        .option('-n, --namespace <namespace>', 'namespace of the workload (default from the kubeconfig context)')
        .option('-w, --workload <workload>', 'workload to roll back')
        .option('-c, --container <container>', 'container to roll back (default those of the last change)')
        .option('--to <tag>', 'tag to roll back to (default the image before, if it became healthy)')
        .option('--dry-run', 'show the rollback without making it')
        .option('-f, --force', 'disregard locks, and bans of the image to roll back to')
        .option('--skip-verify', 'put back images without the signatures that they must have')
        .addOption(messageOption('used as the commit message'))
        .addOption(userOption())
        .option('-v, --verbose', 'show more of the result', count, 0)
        .addOption(outputOption(REPORT_FORMATS)),
    run: rollback,
  });
}

async function rollback(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  if (!flags.workload) throw usageError('-w, --workload is required');
  const id = formatResourceId(parseResourceIdIn(await session.namespace(flags.namespace), flags.workload));
  const client = await session.client();
  await refuseFluxV1(client, {
    lacks: 'rollback',
    help: 'Use fluxctl release --update-image with the image before, and fluxctl lock to keep it.',
  });
  const cause = await causeFrom(flags, session.env);
  session.stderr.write(`Submitting ${flags.dryRun ? 'dry-run ' : ''}rollback ...\n`);
  const job = await client.updateManifests({
    type: 'rollback',
    cause,
    spec: {
      Kind: flags.dryRun ? 'plan' : 'execute',
      Workload: id,
      Container: flags.container ?? '',
      To: flags.to ?? '',
      Force: flags.force ?? false,
      ...(flags.skipVerify ? { SkipVerify: true } : {}),
    },
  });
  const finished = await awaitJob(session, client, job);
  await reportJob(session, client, finished, { verbosity: flags.verbose, awaitApply: !flags.dryRun, format });
  return 0;
}
