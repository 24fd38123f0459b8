import { formatImageRef, type ImageRef, sameImage, withTag } from '../image/index.ts';
import { hasPolicy, type Policies, tagPolicy } from '../policy/index.ts';
import { type Young, youthOf } from './age.ts';
import { newestAllowed, refusedByBan } from './allowed.ts';
import { type Decision, type Hold, held, type Suspended, unknown, type Wait } from './decision.ts';
import { proposedDecision } from './proposed.ts';
import { rankingOf } from './ranking.ts';
import { refusedBySignature } from './signed.ts';
import { digestOf, isHold, notAhead, type Question, type Subject, subjectOf } from './subject.ts';

/**
 * What holds a whole workload, for users and automation alike unless forced. One that is ignored in the cluster is held too: a change
 * in Git would never be applied.
 */
export function holdOfWorkload(inGit: Policies, inCluster?: Policies): Hold | undefined {
  if (hasPolicy(inGit, 'locked')) return { kind: 'locked' };
  if (hasPolicy(inGit, 'ignore') || (inCluster !== undefined && hasPolicy(inCluster, 'ignore'))) return { kind: 'ignored' };
  return undefined;
}

/** Whether automation updates the workload, as far as Git says. */
export function isAutomated(inGit: Policies): boolean {
  return hasPolicy(inGit, 'automated') && holdOfWorkload(inGit) === undefined;
}

/** What automation does with a container. */
export function decide(question: Question): Decision {
  const { inGit, inCluster } = question;
  const hold = holdOfWorkload(inGit, inCluster);
  if (hold) return held(hold);
  if (!hasPolicy(inGit, 'automated')) return held({ kind: 'not-automated' });
  const pause = pauseOf(question);
  return pause ? held(pause) : inTime(decideNewest(question), question);
}

/** What keeps automation from any update of the workload for now. */
function pauseOf(question: Question): Hold | undefined {
  const { workload, timing } = question;
  if (timing?.readOnly) return { kind: 'read-only' };
  const suspended = suspensionOf(question);
  if (suspended) return suspended;
  const until = workload === undefined ? undefined : timing?.rollouts?.revertHeldUntil(workload);
  return until === undefined ? undefined : { kind: 'reverts-exhausted', until };
}

/** Whether a person has paused the automation of the workload. */
export function suspensionOf({ inGit, timing }: Pick<Question, 'inGit' | 'timing'>): Suspended | undefined {
  if (timing?.suspension) return { kind: 'suspended', of: 'all', ...timing.suspension };
  if (!hasPolicy(inGit, 'suspend')) return undefined;
  const [user = '', message = ''] = [inGit.get('suspend_user'), inGit.get('suspend_msg')];
  return { kind: 'suspended', of: 'workload', user, message };
}

/** An update that automation found, if it may commit now. */
function inTime(decision: Decision, question: Question): Decision {
  return decision.state === 'update' ? (delayOf(decision.target, question) ?? decision) : decision;
}

/** What keeps automation from committing an update now. */
export function delayOf(
  target: ImageRef,
  { workload, container: { name }, inGit, timing }: Pick<Question, 'workload' | 'container' | 'inGit' | 'timing'>,
): Decision | undefined {
  if (!timing) return undefined;
  const { gates, gathering, proposals, now } = timing;
  const proposed = proposedDecision(proposals, { workload, container: name, target });
  if (proposed) return proposed;
  const gate = gates.of({ window: inGit.get('window'), freeze: inGit.get('freeze') }).stateAt(now);
  if (gate.state === 'closed') return { state: 'waiting', target, for: { kind: gate.by, text: gate.text }, until: gate.opensAt };
  if (gate.state === 'invalid')
    return held({ kind: 'bad-schedule', of: { kind: gate.by, text: gate.text }, problem: gate.problem });
  const ripeAt = workload === undefined ? undefined : gathering?.ripeAt({ workload, container: name, target });
  return ripeAt !== undefined && ripeAt > now
    ? { state: 'waiting', target, for: { kind: 'gathering' }, until: ripeAt }
    : undefined;
}

/**
 * Whether to update a container of a workload that nothing holds to the newest image that matches its pattern. Never to an older image
 * than the current one, and never on a guess: if the order is by time, all times must be known. Only a person may update an image that
 * has no tag, and so no place in the order.
 */
export function decideNewest(question: Question, by: 'automation' | 'person' = 'automation'): Decision {
  return unlessFixed(decideByOrder(question, by), question);
}

/** An image that cannot change is held where another one is wanted. */
function unlessFixed(decision: Decision, { container }: Question): Decision {
  const isChange = decision.state === 'update' || decision.state === 'waiting';
  return container.isFixed && isChange ? held({ kind: 'fixed' }) : decision;
}

function decideByOrder(question: Question, by: 'automation' | 'person'): Decision {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  const { pattern, bans, pin, signed, repository } = subject;
  if (isHold(signed)) return held(signed);
  if (typeof pin === 'object') return held(pin);
  if (!pattern.valid) return held({ kind: 'bad-pattern', pattern: pattern.text });
  if (bans.problem !== undefined) return held({ kind: 'bad-bans', problem: bans.problem });
  if (!repository) return { state: 'unknown', why: { kind: 'not-scanned' } };
  const { disappeared } = repository;
  if (disappeared) return unknown({ kind: 'suspect', disappeared }, repository);
  const { matched, unread } = rankingOf(repository, pattern);
  if (matched.length === 0) return { state: 'current', because: 'no-match' };
  if (pattern.needsTimes && matched.length > 1 && unread.length > 0) return unknown({ kind: 'unread', tags: unread }, repository);
  const youth = by === 'automation' ? youthOf(question, subject) : undefined;
  if (youth && 'kind' in youth) return held(youth);
  const { tag, refusal, young, doubt } = newestAllowed(subject, repository, youth);
  if (doubt) return doubt;
  const waiting = young && waitFor(young, question, subject);
  if (tag === undefined) return waiting ?? refusal ?? unknown({ kind: 'unreadable', tags: matched }, repository);
  if (tag === '') return unknown({ kind: 'untagged' }, repository);
  const decision = by === 'person' && subject.current.tag === '' ? stepTo(subject, tag) : advance(subject, tag);
  return decision.state === 'current' ? (waiting ?? refusal ?? decision) : decision;
}

/**
 * Whether automation still updates a container to an image that it chose before: meanwhile another pattern or image may be in Git, the
 * registry may have news, or a window may have closed. What was gathered is not gathered again.
 */
export function decideAgain(question: Question, wanted: ImageRef): Decision {
  const { timing } = question;
  const pause = pauseOf(question);
  if (pause) return held(pause);
  return inTime(unlessFixed(decideChosen(question, wanted), question), {
    ...question,
    timing: timing && { ...timing, gathering: undefined },
  });
}

function decideChosen(question: Question, wanted: ImageRef): Decision {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  if (!sameImage(subject.current, wanted) || !subject.pattern.matches(wanted.tag))
    return { state: 'current', because: 'no-match' };
  if (typeof subject.pin === 'object' && wanted.digest === '') return held(subject.pin);
  const { disappeared } = subject.repository ?? {};
  if (disappeared) return unknown({ kind: 'suspect', disappeared }, subject.repository);
  const refusal = refusedByBan(subject, wanted.tag, wanted.digest) ?? refusedBySignature(subject, wanted.tag, wanted.digest);
  if (refusal) return refusal;
  const youth = youthOf(question, subject);
  if (youth && 'kind' in youth) return held(youth);
  const young = youth?.(wanted.tag, wanted.digest);
  return young ? waitFor(young, question, subject) : advance(subject, wanted.tag, wanted.digest);
}

/** The decision about a newer tag that is not old enough. */
function waitFor({ tag, text, since, until, isRead }: Young, { timing }: Question, subject: Subject): Decision {
  if (!isRead) return unknown({ kind: 'undated', tag }, subject.repository);
  const step = advance(subject, tag);
  if (step.state !== 'update') return step;
  const wait: Wait = {
    kind: 'min-age',
    tag,
    text,
    inProcess: timing?.ages?.inProcess ?? false,
    ...(since === undefined ? {} : { since }),
  };
  return { state: 'waiting', target: step.target, for: wait, until };
}

/** What keeps automation from an image for now that a person releases, because it is not old enough. */
export function youthOfNamed(question: Question, named: ImageRef): Decision | undefined {
  const subject = subjectOf(question);
  if ('state' in subject || notAhead(named.tag, subject) !== undefined) return undefined;
  const youth = youthOf(question, subject);
  const young = youth && !('kind' in youth) ? youth(named.tag, named.digest) : undefined;
  return young && waitFor(young, question, subject);
}

/** What a person who names an image disregards. */
export interface Overrides {
  readonly pattern: boolean;
  readonly bans: boolean;
}

/** Whether a container is updated to an image that a person names, which may be older. Its tag must match the pattern, if there is one. */
export function decideNamed(question: Question, named: ImageRef, overrides: Overrides): Decision | 'not-wanted' {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  if (!sameImage(subject.current, named)) return { state: 'current', because: 'no-match' };
  // Without a pattern any named tag is allowed, including `latest`.
  if (!overrides.pattern && question.inGit.has(tagPolicy(question.container.name))) {
    const { pattern } = subject;
    if (!pattern.valid) return held({ kind: 'bad-pattern', pattern: pattern.text });
    if (!pattern.matches(named.tag)) return 'not-wanted';
  }
  const mustBePinned = isHold(subject.signed) || subject.signed.length > 0 || (named.digest === '' && !overrides.pattern);
  if (typeof subject.pin === 'object' && mustBePinned) return held(subject.pin);
  const unsigned = refusedBySignature(subject, named.tag, named.digest);
  if (unsigned) return unsigned;
  const step = unlessFixed(stepTo(subject, named.tag, named.digest), question);
  if (overrides.bans || step.state !== 'update') return step;
  return refusedByBan(subject, named.tag, named.digest) ?? step;
}

/** What a ban says to an image that a person names. */
export function refusalOf(question: Question, named: ImageRef): Decision | undefined {
  const subject = subjectOf(question);
  if ('state' in subject || !sameImage(subject.current, named)) return undefined;
  return refusedByBan(subject, named.tag, named.digest);
}

/** The image that a person wants in a container, as it is written to the file, with the digest that was verified; or why it is not released. */
export function signedImage(question: Question): ImageRef | Decision {
  const subject = subjectOf(question);
  if ('state' in subject) return subject;
  const { current: wanted, signed, pin, repository } = subject;
  if (!isHold(signed) && signed.length === 0) return wanted;
  const refusal = refusedBySignature(subject, wanted.tag, wanted.digest);
  if (refusal) return refusal;
  if (typeof pin === 'object') return held(pin);
  return withTag(wanted, wanted.tag, wanted.digest || digestOf(repository, wanted.tag));
}

/** The update to a tag that no person named: it must be strictly newer, or the current tag pushed again. */
function advance(subject: Subject, tag: string, digest = ''): Decision {
  const step = stepTo(subject, tag, digest);
  if (step.state !== 'update') return step;
  switch (notAhead(tag, subject)) {
    case undefined:
      return step;
    case 'no-tag':
      return unknown({ kind: 'no-tag', newest: tag }, subject.repository);
    case 'no-time':
      return unknown({ kind: 'no-time', tag: timelessOf(tag, subject), newest: tag }, subject.repository);
    case 'not-newer':
      return { state: 'current', because: 'not-newer', newest: tag, tag: subject.current.tag };
  }
}

/** The tag in Git, or else the newer one, whose creation time is unknown. */
function timelessOf(newest: string, { current, repository }: Subject): string {
  return repository?.images.get(current.tag)?.createdAt === undefined ? current.tag : newest;
}

/** The current reference with another tag, and the digest of that tag if it is pinned. */
function stepTo({ current, pin, repository }: Subject, tag: string, digest = ''): Decision {
  if (current.digest !== '' && current.tag === '') return held({ kind: 'digest-alone' });
  const wanted = digest || (pin === true ? digestOf(repository, tag) : '');
  if (wanted === undefined) return held({ kind: 'digest-unknown', tag });
  const target = withTag(current, tag, wanted);
  return formatImageRef(target) === formatImageRef(current)
    ? { state: 'current', because: 'newest' }
    : { state: 'update', target };
}
