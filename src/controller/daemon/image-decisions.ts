import { yieldTurn } from '../../base/index.ts';
import { hasPolicy, policiesOf, tagPatternFor } from '../../policy/index.ts';
import { type Container, containersOf, type Manifest, type ResourceId } from '../../resource/index.ts';
import { type Decision, decide, decideNewest, describeDecision, kindOf, type Question } from '../../update/index.ts';
import type { ContainerDecision, DecidedContainer } from './daemon.ts';

/** Manifests between two turns of the event loop; each takes some microseconds. */
const PER_TURN = 200;

/**
 * The containers of the workloads in Git, and what automation does with each: worked out when it is asked for, as a list may be long and
 * only a part of it be wanted. Nothing is asked of a registry or the cluster.
 */
export async function imageDecisions(
  wanted: ReadonlyMap<ResourceId, Manifest>,
  known: Pick<Question, 'images' | 'timing' | 'pinning'>,
): Promise<readonly DecidedContainer[]> {
  const listed: DecidedContainer[] = [];
  let seen = 0;
  for (const [id, manifest] of wanted) {
    seen += 1;
    if (seen % PER_TURN === 0) await yieldTurn();
    const inGit = policiesOf(manifest.object.metadata.annotations);
    for (const container of containersOf(manifest.object))
      listed.push({ id, container: container.name, decide: () => decisionOn({ workload: id, container, inGit, ...known }) });
  }
  return listed;
}

/** Decisions between two turns of the event loop; each takes some ten microseconds, and the first for a repository a millisecond. */
const DECISIONS_PER_TURN = 20;

/** Works out the decision on each of some containers, in their order. */
export async function* decideEach(
  containers: Iterable<DecidedContainer>,
): AsyncGenerator<Omit<DecidedContainer, 'decide'> & ContainerDecision> {
  let seen = 0;
  for (const { decide, ...container } of containers) {
    if (seen % DECISIONS_PER_TURN === 0) await yieldTurn();
    seen += 1;
    yield { ...container, ...decide() };
  }
}

function decisionOn(question: Question & { readonly container: Container }): ContainerDecision {
  const { container, inGit } = question;
  const decision = decide(question);
  const newest = targetOf(decision) ?? targetOf(decideNewest(question));
  return {
    image: container.image,
    pattern: tagPatternFor(inGit, container.name).text,
    automated: hasPolicy(inGit, 'automated'),
    state: decision.state,
    code: kindOf(decision),
    text: describeDecision(decision),
    ...(newest === undefined ? {} : { newest: newest.tag }),
  };
}

function targetOf(decision: Decision) {
  return decision.state === 'update' || decision.state === 'waiting' ? decision.target : undefined;
}
