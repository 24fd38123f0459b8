import { formatImageRef } from '../../../image/index.ts';
import { type ConsideredTag, type Decision, describeDecision } from '../../../update/index.ts';
import type { Finding, Link, TagVerdict } from '../answer.ts';
import type { ContainerFacts } from '../facts.ts';
import { clause, find, type Rule } from './rule.ts';

/** What automation makes of the image of one container. */
export function decisionLink(container: ContainerFacts): Link {
  const { name, image, running, pattern, considered } = container;
  const passed = considered.filter(({ verdict }) => verdict !== 'current' && verdict !== 'chosen').slice(0, SHOWN);
  return {
    kind: 'decision',
    container: name,
    ...find(RULES, container, unnamed(container)),
    facts: [
      { name: 'image', value: image },
      ...(running === undefined ? [] : [{ name: 'running', value: running }]),
      { name: 'pattern', value: pattern },
      ...(passed.length === 0 ? [] : [{ name: 'passed over', value: passed.map(tagText).join(', ') }]),
    ],
  };
}

/** Tags that are named in a line. */
const SHOWN = 5;

type State<S extends Decision['state']> = Extract<Decision, { readonly state: S }>;

const RULES: readonly Rule<ContainerFacts>[] = [
  askedTag,
  notAutomated,
  reverted,
  heldBy,
  waiting,
  unknown,
  noMatch,
  notNewer,
  newest,
  update,
];

/** The question names a tag that is neither in Git nor next. */
function askedTag({ asked, decision, pattern, tags }: ContainerFacts): Finding | undefined {
  if (asked === undefined || asked.verdict === 'current' || asked.verdict === 'chosen' || asked.verdict === 'eligible')
    return undefined;
  if (decision.state === 'held' && decision.by.kind !== 'banned') return undefined;
  const { tag, verdict } = asked;
  if (verdict === 'absent')
    return { code: 'no-such-tag', state: 'held', text: `tag ${tag} is not among the ${tags} tags that the registry listed` };
  const state = ['unread', 'undigested', 'unverified', 'too-young', 'undated'].includes(verdict) ? 'waiting' : 'held';
  const why = verdict === 'pattern' ? `does not match the pattern ${pattern}` : VERDICTS[verdict];
  return {
    code: `tag-${verdict}`,
    state,
    text: `tag ${tag} ${why}`,
    ...(verdict === 'banned' ? { next: { text: ADVICE.banned } } : {}),
  };
}

/** Nothing is wrong with that, but nothing happens by itself. */
function notAutomated({ decision }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'held' || decision.by.kind !== 'not-automated') return undefined;
  return { code: 'not-automated', state: 'ok', text: 'not automated: its image changes in Git only' };
}

/** Automation reverted the last update, so that its image is banned. */
function reverted({ decision, reverted: why }: ContainerFacts): Finding | undefined {
  if (why === undefined || decision.state !== 'held' || decision.by.kind !== 'banned') return undefined;
  return {
    code: 'reverted',
    state: 'held',
    text: clause(`automation reverted the update to ${decision.by.tag}: ${why}`),
    next: { text: ADVICE.banned },
  };
}

function heldBy({ decision }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'held') return undefined;
  const advice = (ADVICE as Partial<Record<HoldKind, string>>)[decision.by.kind];
  return {
    code: decision.by.kind,
    state: 'held',
    text: clause(describeDecision(decision)),
    ...(advice === undefined ? {} : { next: { text: advice } }),
  };
}

type HoldKind = State<'held'>['by']['kind'];

/** What lifts a hold. */
const ADVICE = {
  locked: 'To unlock it, run fluxctl unlock.',
  suspended: 'To end that, run fluxctl resume, with --workload if it is suspended in Git.',
  'bad-image': 'Correct the image in the file.',
  'bad-pattern': 'Correct the tag pattern in the file.',
  'bad-bans': 'Correct the annotation in the file.',
  'bad-schedule': 'Correct the annotation in the file.',
  'bad-min-age': 'Correct the annotation in the file.',
  banned: 'The next tag that is not banned is taken; to lift the ban, run fluxctl policy --unban.',
  'pull-request-closed': 'Reopen and merge it, or release the image; a newer image is proposed again.',
  'push-branch-taken': 'Merge the branch, or force it back to the commit of fluxd, which then goes on with it.',
  'digest-alone': 'Write the image with a tag and a digest.',
  'bad-pin': 'Correct the annotation in the file.',
  'bad-verify': 'Correct the annotation in the file, or give fluxd the key.',
  unsigned: 'Sign it; fluxd looks again by itself. To release it as it is, run fluxctl release --skip-verify.',
  'cannot-pin':
    'Remove the annotation fluxcd.io/pin of the container; an image that must be signed needs its tag in the image itself.',
  fixed: 'Write a Job with another name, or set the annotation.',
} as const satisfies Partial<Record<HoldKind, string>>;

function waiting({ decision }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'waiting') return undefined;
  const { target, until, for: wait } = decision;
  return {
    code: wait.kind,
    state: 'waiting',
    text: clause(`the update to ${formatImageRef(target)} waits: ${describeDecision(decision).replace(/^waiting: /, '')}`),
    ...(wait.kind === 'min-age' && wait.since !== undefined ? { since: wait.since } : {}),
    ...(wait.kind === 'pull-request' ? { next: { text: 'Merge it to apply the update, or close it to reject the image.' } } : {}),
    ...(Number.isFinite(until) ? { next: { text: 'Automation goes on.', at: until } } : {}),
  };
}

function unknown({ decision }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'unknown') return undefined;
  const { why, nextLookAt } = decision;
  const isEarly = why.kind === 'not-scanned';
  return {
    code: why.kind,
    state: isEarly ? 'waiting' : 'unknown',
    // The registry link says why.
    ...(isEarly ? { weight: -1 } : {}),
    text: clause(describeDecision(decision)),
    ...(nextLookAt === undefined ? {} : { next: { text: 'The registry is read again.', at: nextLookAt } }),
  };
}

function noMatch({ decision, pattern, tags }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'current' || decision.because !== 'no-match') return undefined;
  const known = tags === 1 ? 'the one tag that is known' : `the ${tags} tags that are known`;
  return {
    code: 'no-match',
    state: 'held',
    text: clause(`none of ${known} matches the pattern ${pattern}`),
    next: { text: 'Correct the tag pattern, or push a tag that matches.' },
  };
}

function notNewer({ decision }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'current' || decision.because !== 'not-newer') return undefined;
  return { code: 'not-newer', state: 'ok', text: clause(describeDecision(decision)) };
}

function newest({ decision, pattern, tags, considered }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'current') return undefined;
  const others = considered.filter(({ verdict }) => verdict === 'pattern').length;
  const rest = others === 0 ? '' : `; ${others} of ${tags} tags do not match`;
  return { code: 'newest', state: 'ok', text: clause(`the newest image that matches ${pattern}${rest}`) };
}

/** The commit link says what becomes of it. */
function update({ decision }: ContainerFacts): Finding | undefined {
  if (decision.state !== 'update') return undefined;
  return { code: 'update', state: 'ok', text: clause(describeDecision(decision)) };
}

/** The container's image, in the words of its decision. */
function unnamed({ decision }: ContainerFacts): Finding {
  return { code: decision.state, state: 'ok', text: clause(describeDecision(decision)) };
}

/** Why a tag was passed over, as the end of a sentence that begins with the tag. */
const VERDICTS: Record<ConsideredTag['verdict'], string> = {
  current: 'is in Git',
  chosen: 'is chosen',
  eligible: 'would be chosen',
  pattern: 'does not match the pattern',
  unreadable: 'cannot be read',
  unread: 'has not been read yet',
  banned: 'is banned',
  undigested: 'may be banned: its digest has not been read yet',
  unsigned: 'has no valid signature',
  unverified: 'has signatures that have not been verified yet',
  'too-young': 'has not the minimum age',
  undated: 'is of unknown age: its digest has not been read yet',
  'no-tag': 'cannot be compared: the image in Git has no tag',
  'no-time': 'cannot be compared: a creation time is unknown',
  'not-newer': 'is not newer than the image in Git',
  'not-newest': 'is not the newest',
};

function tagText({ tag, verdict }: ConsideredTag): string {
  return `${tag} ${VERDICTS[verdict]}`;
}

/** The tags that were considered, with words for what became of them. */
export function tagVerdicts(considered: readonly ConsideredTag[]): readonly TagVerdict[] {
  return considered.map(({ tag, verdict }) => ({ tag, code: verdict, verdict: VERDICTS[verdict] }));
}
