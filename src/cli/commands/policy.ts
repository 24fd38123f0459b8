import type { Command } from 'commander';
import type { PolicySpec } from '../../api/client/index.ts';
import { formatResourceId, parseResourceIdIn } from '../../resource/index.ts';
import { awaitJob, reportJob } from '../await-job.ts';
import { type CauseFlags, causeFrom, messageOption, userOption } from '../cause.ts';
import { collect, count, deprecatedController, type Launch, subcommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { outputFormat, outputOption, REPORT_FORMATS } from '../output-format.ts';
import type { Session } from '../session.ts';

/** The common part of the commands that change policies of a workload. */
export interface WorkloadFlags extends CauseFlags {
  readonly namespace?: string;
  readonly workload?: string;
  readonly controller?: string;
  readonly verbose: number;
  readonly outputFormat: string;
}

interface PolicyFlags extends WorkloadFlags {
  readonly tagAll?: string;
  readonly tag?: readonly string[];
  readonly order?: readonly string[];
  readonly minAge?: readonly string[];
  readonly ban?: readonly string[];
  readonly unban?: readonly string[];
  readonly pin?: readonly string[];
  readonly unpin?: readonly string[];
  readonly verify?: readonly string[];
  readonly automate?: boolean;
  readonly deautomate?: boolean;
  readonly lock?: boolean;
  readonly unlock?: boolean;
  readonly suspend?: boolean;
  readonly resume?: boolean;
}

export function automateCommand(launch: Launch): Command {
  return policyCommand(launch, 'automate', 'Turn on automatic image updates of a workload', (flags) => ({
    ...flags,
    automate: true,
  }));
}

export function deautomateCommand(launch: Launch): Command {
  return policyCommand(launch, 'deautomate', 'Turn off automatic image updates of a workload', (flags) => ({
    ...flags,
    deautomate: true,
  }));
}

export function lockCommand(launch: Launch): Command {
  return policyCommand(launch, 'lock', 'Lock a workload against image updates', (flags) => ({
    ...flags,
    lock: true,
  }));
}

export function unlockCommand(launch: Launch): Command {
  return policyCommand(launch, 'unlock', 'Unlock a workload for image updates', (flags) => ({
    ...flags,
    unlock: true,
  }));
}

export function generalPolicyCommand(launch: Launch): Command {
  return policyCommand(
    launch,
    'policy',
    'Manage the policies of a workload',
    (flags) => flags,
    (command) =>
      command
        .option('--tag-all <pattern>', 'tag pattern for all containers; * removes patterns')
        .option('--tag <container=pattern>', 'tag pattern for one container; may be repeated', collect)
        .option(
          '--order <container=order>',
          'order of tags for one container, numeric:REGEXP or alphabetical:REGEXP; empty removes it; may be repeated',
          collect,
        )
        .option(
          '--min-age <container=age>',
          'how long an image has to be known before automation takes it, such as 72h or 3d; without container= for all of them; empty removes it; may be repeated',
          collect,
        )
        .option('--ban <container=image>', 'tag, tag@digest or @digest not to update to; may be repeated', collect)
        .option('--unban <container=image>', 'lift a ban; * lifts all; may be repeated', collect)
        .option('--pin <container>', 'pin the image to the digest of its tag; may be repeated', collect)
        .option('--unpin <container>', 'do not pin the image; may be repeated', collect)
        .option(
          '--verify <container=policy>',
          'whose signature the image must have, cosign:KEY or cosign-keyless:IDENTITY@ISSUER; empty removes it; may be repeated',
          collect,
        )
        .option('--automate', 'turn automatic image updates on')
        .option('--deautomate', 'turn automatic image updates off')
        .option('--lock', 'lock the workload')
        .option('--unlock', 'unlock the workload'),
  );
}

function policyCommand(
  launch: Launch,
  name: string,
  summary: string,
  complete: (flags: PolicyFlags) => PolicyFlags,
  more: (command: Command) => Command = (command) => command,
): Command {
  return subcommand<PolicyFlags>(name, {
    summary,
    examples: EXAMPLES[name] ?? [`${name} --workload=shop:deployment/cart`],
    launch,
    instead: 'Use --workload for a workload.',
    options: (command) =>
      more(
        command
          .option('-n, --namespace <namespace>', 'namespace of the workload (default from the kubeconfig context)')
          .option('-w, --workload <workload>', 'workload to change')
          .addOption(deprecatedController())
          .addOption(messageOption('added to the commit message'))
          .addOption(userOption())
          .option('-v, --verbose', 'show skipped workloads; -vv also shows ignored ones', count, 0)
          .addOption(outputOption(REPORT_FORMATS)),
      ),
    run: (session, flags) => updatePolicies(session, complete(flags), name),
  });
}

const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  lock: ['lock --workload=shop:deployment/cart --message="freeze until Monday"'],
  policy: [
    "policy --workload=shop:deployment/cart --tag-all='semver:~1.2'",
    "policy -n shop -w deployment/cart --tag='cart=glob:main-*' --automate",
    'policy -w shop:deployment/cart --ban=cart=1.3.0',
    'policy -w shop:deployment/cart --min-age=cart=72h',
    "policy -w shop:deployment/cart --order='cart=numeric:-(\\d+)$'",
  ],
};

/** Changes the policies of the workload that the flags name, and waits for the commit. */
export async function updatePolicies(session: Session, flags: PolicyFlags, command: string): Promise<number> {
  const format = outputFormat(flags.outputFormat, REPORT_FORMATS);
  if (flags.workload && flags.controller) {
    throw usageError(`can't specify both ${command === 'automate' ? 'the' : 'a'} controller and workload`);
  }
  const workload = flags.workload || flags.controller;
  if (!workload) throw usageError('-w, --workload is required');
  if (flags.automate && flags.deautomate) throw usageError('automate and deautomate both specified');
  if (flags.lock && flags.unlock) throw usageError('lock and unlock both specified');
  const id = formatResourceId(parseResourceIdIn(await session.namespace(flags.namespace), workload));
  const cause = await causeFrom(flags, session.env);
  const update = await policyUpdate(flags, cause.User);
  const client = await session.client();
  const job = await client.updateManifests({ type: 'policy', cause, spec: { [id]: update } });
  await reportJob(session, client, await awaitJob(session, client, job), { verbosity: flags.verbose, awaitApply: false, format });
  return 0;
}

async function policyUpdate(flags: PolicyFlags, user: string): Promise<PolicySpec[string]> {
  const add: Record<string, string> = {};
  const remove: Record<string, string> = {};
  if (flags.automate) add.automated = 'true';
  if (flags.deautomate) remove.automated = 'true';
  if (flags.lock) {
    add.locked = 'true';
    if (user !== '') Object.assign(add, { locked_user: user, locked_msg: flags.message });
  }
  if (flags.unlock) Object.assign(remove, { locked: 'true', locked_msg: 'true', locked_user: 'true' });
  if (flags.suspend) Object.assign(add, { suspend: 'true', suspend_user: user, suspend_msg: flags.message });
  if (flags.resume) Object.assign(remove, { suspend: 'true', suspend_msg: 'true', suspend_user: 'true' });
  if (flags.tagAll) add.tag_all = await canonicalPattern(flags.tagAll);
  for (const pair of flags.tag ?? []) {
    const [container, pattern] = splitPair(pair, 'tag');
    const { tagPolicy } = await policyRoom();
    if (pattern === '*') remove[tagPolicy(container)] = 'true';
    else add[tagPolicy(container)] = await canonicalPattern(pattern);
  }
  for (const pair of flags.order ?? []) {
    const [container, order] = splitPair(pair, 'order');
    const { containerPolicy } = await policyRoom();
    if (order === '') remove[containerPolicy('order', container)] = 'true';
    else add[containerPolicy('order', container)] = order;
  }
  for (const text of flags.minAge ?? []) {
    const [container, age] = text.includes('=') ? splitPair(text, 'min-age') : [undefined, text];
    const { containerPolicy } = await policyRoom();
    const policy = container === undefined ? 'min-age' : containerPolicy('min-age', container);
    if (age === '') remove[policy] = 'true';
    else add[policy] = age;
  }
  for (const [containers = [], value] of [
    [flags.pin, 'true'],
    [flags.unpin, 'false'],
  ] as const) {
    for (const container of containers) add[(await policyRoom()).containerPolicy('pin', container)] = value;
  }
  for (const pair of flags.verify ?? []) {
    const [container, policy] = splitPair(pair, 'verify');
    const { containerPolicy } = await policyRoom();
    if (policy === '') remove[containerPolicy('verify', container)] = 'true';
    else add[containerPolicy('verify', container)] = policy;
  }
  Object.assign(add, await bansOf(flags.ban));
  Object.assign(remove, await bansOf(flags.unban));
  return { add, remove };
}

/** Bans by policy; several of one container are one value. `*` is sent as `true`, which removes the policy. */
async function bansOf(pairs: readonly string[] = []): Promise<Readonly<Record<string, string>>> {
  if (pairs.length === 0) return {};
  const { containerPolicy } = await policyRoom();
  const split = pairs.map((pair) => splitPair(pair, 'ban'));
  const byContainer = Map.groupBy(split, ([container]) => container);
  return Object.fromEntries(
    [...byContainer].map(([container, same]) => {
      const bans = same.map(([, image]) => image);
      return [containerPolicy('ban', container), bans.includes('*') ? 'true' : bans.join(', ')];
    }),
  );
}

/** The first `=` separates; the pattern may contain more (`semver:>=1.0`). */
function splitPair(
  pair: string,
  what: 'tag' | 'order' | 'min-age' | 'ban' | 'verify',
): readonly [container: string, value: string] {
  const at = pair.indexOf('=');
  const format = {
    tag: 'container=filter',
    order: 'container=order',
    'min-age': 'container=age',
    ban: 'container=image',
    verify: 'container=policy',
  }[what];
  if (at < 1) throw usageError(`invalid container/${what} pair: ${JSON.stringify(pair)}. Expected format is '${format}'`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

/** Imported on demand, since it loads a regular-expression engine. */
const policyRoom = () => import('../../policy/index.ts');

/** The pattern with an explicit prefix. */
async function canonicalPattern(pattern: string): Promise<string> {
  const { parseTagPattern } = await policyRoom();
  return parseTagPattern(pattern).text;
}
