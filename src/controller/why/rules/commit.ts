import type { ImageRef } from '../../../image/index.ts';
import type { Finding, Link } from '../answer.ts';
import type { ContainerFacts, Facts } from '../facts.ts';
import { changeFacts, describeJob } from './place.ts';
import { advised, clause, find, type Rule, refusalIn, short } from './rule.ts';

/** A container whose image Git has, or is to have. */
interface CommitFacts extends Pick<Facts, 'source'> {
  readonly container: ContainerFacts;
}

/** The commit that changed the image last, or what keeps the next one from being pushed. */
export function commitLink(container: ContainerFacts, { source }: Facts): Link {
  const { name, changed } = container;
  const about = { container, source };
  return {
    kind: 'commit',
    container: name,
    ...(changed?.state === 'read' ? { since: changed.value.at } : {}),
    ...find(RULES, about, lastChange(about)),
    facts: changed ? changeFacts(changed) : [],
  };
}

const RULES: readonly Rule<CommitFacts>[] = [pushRejected, readOnly, automationFails, notYet];

/** What Git hosts say when a rule of theirs rejects a push. */
const PROTECTED =
  /protected branch|GH006|GH013|pre-receive hook|hook declined|not allowed to push|TF40\d{4}|branch is protected/i;

function pushRejected({ container: { decision }, source: { automation, branch } }: CommitFacts): Finding | undefined {
  if (decision.state !== 'update' || !automation?.error.code.startsWith('git/push')) return undefined;
  const { error, since } = automation;
  const [what, said] = [`the push of the update to ${shown(decision.target)}`, refusalIn(error.message)];
  const isProtected = PROTECTED.test(error.message);
  return {
    code: isProtected ? 'branch-protected' : 'push-rejected',
    state: 'failed',
    since,
    text: isProtected ? `branch ${branch} is protected, and rejects ${what}: ${said}` : `Git rejects ${what}: ${said}`,
    next: { text: 'Let the daemon push to the branch. Automation tries again by itself.' },
  };
}

/** Status `cloned`: the branch can be read and not written. */
function readOnly({ container: { decision }, source: { state } }: CommitFacts): Finding | undefined {
  if (decision.state !== 'update' || state.status !== 'cloned' || !state.error) return undefined;
  return {
    code: 'push-rejected',
    state: 'failed',
    text: clause(`the repository cannot be written: ${state.error.message}`),
    ...advised(state.error),
  };
}

function automationFails({ container: { decision }, source: { automation } }: CommitFacts): Finding | undefined {
  if (decision.state !== 'update' || !automation) return undefined;
  const { error, since } = automation;
  return {
    code: 'automation-failed',
    state: 'failed',
    since,
    text: clause(`automation failed: ${error.message}`),
    ...advised(error),
  };
}

function notYet({ container: { decision } }: CommitFacts): Finding | undefined {
  if (decision.state !== 'update') return undefined;
  return {
    code: 'not-committed',
    state: 'waiting',
    text: `the update to ${shown(decision.target)} is not committed yet`,
    next: { text: 'Automation commits it.' },
  };
}

function lastChange({ container: { changed } }: CommitFacts): Finding {
  if (changed?.state !== 'read') return { code: 'unread', state: 'ok', text: 'its last change is not known' };
  const { revision, author, job } = changed.value;
  return { code: 'committed', state: 'ok', text: clause(`${short(revision)} by ${job ? describeJob(job) : author}`) };
}

function shown({ tag, digest }: ImageRef): string {
  return tag || digest;
}
