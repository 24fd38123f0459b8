import type { Command } from 'commander';
import type { ApiClient, Cause, ListedWorkload, ReleaseImageSpec, UpdateResult, UpdateSpec } from '../../api/client/index.ts';
import { parseImageRef } from '../../image/index.ts';
import { formatResourceId, parseResourceIdIn } from '../../resource/index.ts';
import { awaitJob, type FinishedJob, reportJob } from '../await-job.ts';
import { type CauseFlags, causeFrom, messageOption, userOption } from '../cause.ts';
import { collect, count, deprecatedController, type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { refuseFluxV1 } from '../flux-v1.ts';
import { createOutage } from '../outage.ts';
import type { Output } from '../output.ts';
import { outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import { poll } from '../poll.ts';
import { printableLine } from '../printable.ts';
import { bar } from '../progress.ts';
import type { Selection } from '../release-menu.ts';
import { resultRows } from '../result-table.ts';
import type { Session } from '../session.ts';
import { say } from '../style.ts';
import { formatTable } from '../table.ts';

interface Flags extends CauseFlags {
  readonly namespace?: string;
  readonly workload?: readonly string[];
  readonly controller?: readonly string[];
  readonly all?: boolean;
  readonly updateImage?: string;
  readonly updateAllImages?: boolean;
  readonly tagFilter?: string;
  readonly pinDigest?: boolean;
  readonly skipVerify?: boolean;
  readonly exclude?: readonly string[];
  readonly dryRun?: boolean;
  readonly interactive?: boolean;
  readonly force?: boolean;
  readonly watch?: boolean;
  readonly verbose: number;
  readonly outputFormat: string;
}

export function releaseCommand(launch: Launch): Command {
  return subcommand<Flags>('release', {
    summary: 'Release new versions of workloads',
    examples: [
      'release --workload=shop:deployment/cart --update-image=acme/cart:2.0',
      'release --workload=shop:deployment/cart --update-all-images --watch',
      "release --all --update-all-images --tag-filter='semver:~1.4' --dry-run",
      'release --all --update-all-images --dry-run -v',
      'release --all --update-all-images --interactive',
    ],
    launch,
    instead: 'Use --workload for a workload; -w means --watch.',
    options: (command) =>
      command
        .option('-n, --namespace <namespace>', 'namespace of the workloads (default from the kubeconfig context)')
        .option('--workload <workload>', 'workload to release; may be repeated', collect)
        .addOption(deprecatedController().argParser(collect))
        .option('--all', 'release all workloads, in all namespaces')
        .option('-i, --update-image <image>', 'update to this image')
        .option('--update-all-images', 'update every image to its newest version')
        .option('--tag-filter <pattern>', 'tag pattern for --update-all-images, in place of those of the workloads')
        .option('--pin-digest', 'pin the images to the digests of their tags')
        .option('--skip-verify', 'release images without the signatures that they must have')
        .option('--exclude <workload>', 'workload to exclude; may be repeated', collect)
        .option('--dry-run', 'show the updates without making them')
        .option('--interactive', 'select the containers to update in a menu')
        .option('-f, --force', 'disregard locks and tag patterns')
        .option('-w, --watch', 'wait for the rollout of the new versions')
        .addOption(messageOption('used as the commit message'))
        .addOption(userOption())
        .option('-v, --verbose', 'show skipped workloads; -vv also shows ignored ones', count, 0)
        .addOption(outputOption(REPORT_FORMATS)),
    run: release,
  });
}

async function release(session: Session, flags: Flags): Promise<number> {
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  checkFlags(flags, session);
  const spec = await releaseSpec(session, flags);
  await requireSupport(spec, session);
  const cause = await causeFrom(flags, session.env);
  const finished = flags.interactive
    ? await releaseChosen(session, flags, { cause, spec })
    : await submit(session, `Submitting ${flags.dryRun ? 'dry-run ' : ''}release ...`, { type: 'image', cause, spec });
  if (!finished) return 0;
  const client = await session.client();
  await reportJob(session, client, finished, { verbosity: flags.verbose, awaitApply: !flags.dryRun, format });
  warnOfSkipped(session, spec, finished.result ?? {}, flags.verbose);
  // What is proposed is rolled out when it is merged.
  if (flags.watch && finished.result && !finished.pullRequests) {
    const output = format === 'table' ? session.stdout : session.stderr;
    await watchRollout(session, client, { result: finished.result, verbosity: flags.verbose, output });
  }
  return 0;
}

/** Flux v1 would overlook these keys, and release other images. */
async function requireSupport({ TagFilter, PinDigest }: ReleaseImageSpec, session: Session): Promise<void> {
  const lacks = TagFilter !== undefined ? '--tag-filter' : PinDigest ? '--pin-digest' : undefined;
  if (lacks === undefined) return;
  const help = 'Release without it, by --update-image; for a pattern, see fluxctl policy --tag.';
  await refuseFluxV1(await session.client(), { lacks, help });
}

async function submit(session: Session, title: string, update: UpdateSpec): Promise<FinishedJob> {
  const client = await session.client();
  session.stderr.write(`${title}\n`);
  return awaitJob(session, client, await client.updateManifests(update));
}

/** Plans the release, offers its updates in a menu, and releases the selected ones. Undefined when there are none. */
async function releaseChosen(
  session: Session,
  { verbose: verbosity, dryRun, force = false, skipVerify }: Flags,
  { cause, spec }: { readonly cause: Cause; readonly spec: ReleaseImageSpec },
): Promise<FinishedJob | undefined> {
  // Fails early when there is no terminal.
  const keyboard = session.keyboard();
  let chosen: Selection | 'aborted' | 'nothing';
  try {
    const plan = { ...spec, Kind: 'plan' };
    const { result = {} } = await submit(session, 'Submitting dry-run release ...', { type: 'image', cause, spec: plan });
    // Loaded on demand: most releases have no menu.
    const { chooseUpdates } = await import('../release-menu.ts');
    chosen = await chooseUpdates(result, { verbosity, screen: session.stdout, keyboard });
  } finally {
    keyboard.close();
  }
  if (typeof chosen === 'string') {
    session.stderr.write(chosen === 'aborted' ? 'Aborted.\n' : 'No changes found.\n');
    return undefined;
  }
  return submit(session, 'Submitting selected release ...', {
    type: 'containers',
    cause,
    spec: {
      Kind: dryRun ? 'plan' : 'execute',
      ContainerSpecs: chosen,
      SkipMismatches: false,
      Force: force,
      ...(skipVerify ? { SkipVerify: true } : {}),
    },
  });
}

function checkFlags(flags: Flags, session: Session): void {
  if (flags.updateImage && flags.updateAllImages) {
    throw usageError('please supply only one of --update-image=<image> or --update-all-images');
  }
  if (!flags.updateImage && !flags.updateAllImages) {
    throw usageError('please supply exactly one of --update-image=<image> or --update-all-images');
  }
  if (flags.tagFilter !== undefined && !flags.updateAllImages) throw usageError('--tag-filter works with --update-all-images');
  if (!flags.all && !flags.workload?.length && !flags.controller?.length) {
    throw usageError('please supply either --all, or at least one --workload=<workload>');
  }
  if (flags.watch && flags.dryRun) throw usageError('cannot use --watch with --dry-run');
  if (flags.force && flags.all && flags.updateAllImages) {
    throw usageError('--force has no effect when used with --all and --update-all-images');
  }
  if (flags.force && flags.all) {
    say(session, 'Warning', '--force will not ignore locked workloads when used with --all');
  }
  if (flags.force && flags.updateAllImages) {
    say(session, 'Warning', '--force will not ignore container image tags when used with --update-all-images');
  }
}

/** Explains why a workload given by --workload is missing from the table. */
function warnOfSkipped(session: Session, { ServiceSpecs }: ReleaseImageSpec, result: UpdateResult, verbosity: number): void {
  const shown = new Set(resultRows(result, verbosity).map(({ workload }) => workload));
  for (const id of new Set(ServiceSpecs)) {
    const { Status = '', Error: reason = '' } = result[id] ?? {};
    if (reason !== '' && !shown.has(id)) say(session, 'Warning', printableLine(`${id} was ${Status}: ${reason}`));
  }
}

async function releaseSpec(session: Session, flags: Flags): Promise<ReleaseImageSpec> {
  const names = [...(flags.workload ?? []), ...(flags.controller ?? [])];
  const excluded = flags.exclude ?? [];
  const namespace = (flags.all ? [] : names).length + excluded.length > 0 ? await session.namespace(flags.namespace) : '';
  const idOf = (name: string) => formatResourceId(parseResourceIdIn(namespace, name));
  return {
    ServiceSpecs: flags.all ? ['<all>'] : names.map(idOf),
    ImageSpec: flags.updateImage ? checkedImage(flags.updateImage) : '<all latest>',
    Kind: flags.dryRun ? 'plan' : 'execute',
    Excludes: excluded.length > 0 ? excluded.map(idOf) : null,
    Force: flags.force ?? false,
    ...(flags.tagFilter === undefined ? {} : { TagFilter: flags.tagFilter }),
    ...(flags.pinDigest ? { PinDigest: true } : {}),
    ...(flags.skipVerify ? { SkipVerify: true } : {}),
  };
}

function checkedImage(text: string): string {
  if (parseImageRef(text).tag !== '') return text;
  throw usageError('blank tag (if you want latest, explicitly state the tag :latest): invalid image ID');
}

/** Shows the rollout of the released workloads until all are ready or one fails. */
async function watchRollout(
  session: Session,
  client: ApiClient,
  { result, verbosity, output }: { readonly result: UpdateResult; readonly verbosity: number; readonly output: Output },
): Promise<void> {
  const { stderr, clock, timeoutMs, progress } = session;
  const ids = Object.keys(result).filter((id) => result[id]?.Status === 'success');
  if (ids.length === 0) return;
  stderr.write('Monitoring rollout ...\n');
  let ready = 0;
  const watching = poll(
    async (options) => {
      const workloads = await client.workloads(ids, options);
      ready = workloads.filter(({ Status }) => Status === 'ready').length;
      for (const workload of workloads) {
        output.write(`${formatTable([ROLLOUT_HEADINGS, ...rolloutRows(workload, verbosity)])}\n`);
      }
      const troubled = workloads.filter(({ Rollout }) => Rollout.Messages?.length);
      for (const { ID, Rollout } of troubled) {
        const messages = (Rollout.Messages ?? []).map((message) => `${printableLine(message)}\n`).join('');
        stderr.write(`There was a problem releasing ${printableLine(ID)}:\n${messages}`);
      }
      if (troubled.length > 0) return 'stopped';
      if (!workloads.every(({ Status }) => Status === 'ready')) return undefined;
      stderr.write('All workloads ready.\n');
      return 'ready';
    },
    { clock, timeoutMs, initialMs: 2000, maxMs: 2000, outage: createOutage(session) },
  );
  await progress.during(watching, () => `${bar(ready, ids.length)} workloads ready`);
}

const ROLLOUT_HEADINGS = ['WORKLOAD', 'CONTAINER', 'IMAGE', 'RELEASE', 'REPLICAS'];

function rolloutRows({ ID, Containers, Status, Rollout }: ListedWorkload, verbosity: number): string[][] {
  const detail = verbosity > 0 ? ` (${Rollout.Outdated} outdated, ${Rollout.Ready} ready)` : '';
  const [first, ...others] = Containers ?? [];
  return [
    [ID, first?.Name ?? '', first?.Current.ID ?? '', Status, `${Rollout.Updated}/${Rollout.Desired}${detail}`],
    ...others.map(({ Name, Current }) => ['', Name ?? '', Current.ID, '', '']),
  ];
}
