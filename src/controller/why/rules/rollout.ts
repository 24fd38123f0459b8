import { firstOf, type Reading, rfc3339 } from '../../../base/index.ts';
import type { EventFacts, Evidence, FinalizerFacts, LiveFacts, PodFacts } from '../../../change/index.ts';
import type { Fact, Finding, Link } from '../answer.ts';
import type { Facts } from '../facts.ts';
import { POD_RULES } from './pods.ts';
import { clause, find, type Rule } from './rule.ts';

interface RolloutFacts extends Facts {
  readonly evidence: Evidence;
}

/** How the object is in the cluster: its rollout, its pods, or its deletion. Undefined if nothing is known of it. */
export function rolloutLink(facts: Facts): Link | undefined {
  const { evidence } = facts;
  if (!evidence) return asListed(facts);
  const about = { ...facts, evidence };
  const live = liveOf(about);
  const since = live?.deletedAt ?? live?.changedAt ?? live?.createdAt;
  return {
    kind: 'rollout',
    ...(since === undefined ? {} : { since }),
    ...find(RULES, about, healthy(about)),
    facts: rolloutFacts(about),
  };
}

/** As in listings, which need no reading: what is known of an object besides the one that is explained. */
function asListed({ running }: Facts): Link | undefined {
  const workload = running.state === 'read' ? running.value : undefined;
  if (!workload) return undefined;
  const { status, rollout } = workload;
  const [text = `${rollout.ready} of ${rollout.desired} replicas ready`] = rollout.messages;
  const state = status === 'error' ? 'failed' : ['updating', 'started'].includes(status) ? 'waiting' : 'ok';
  const code = { failed: 'failed', waiting: 'in-progress', ok: 'healthy' }[state];
  return { kind: 'rollout', code, state, text: clause(text), facts: [] };
}

const RULES: readonly Rule<RolloutFacts>[] = [
  unread,
  namespaceGoing,
  finalizer,
  going,
  absent,
  quota,
  denied,
  notCreated,
  podTrouble,
  autoscaled,
  claimUnbound,
  healthFailed,
  inProgress,
];

function liveOf({ evidence: { object } }: RolloutFacts): LiveFacts | undefined {
  return object.state === 'read' ? object.value : undefined;
}

function unread({ evidence: { object } }: RolloutFacts): Finding | undefined {
  if (object.state === 'read') return undefined;
  return { code: 'unread', state: 'unknown', text: clause(`it could not be read from the cluster: ${object.reason}`) };
}

function namespaceGoing({ evidence: { namespace }, id = '' }: RolloutFacts): Finding | undefined {
  if (namespace?.state !== 'read' || namespace.value?.deletedAt === undefined) return undefined;
  const { deletedAt, remaining } = namespace.value;
  const why = remaining.length === 0 ? '' : `: ${remaining.join('; ')}`;
  return {
    code: 'namespace-terminating',
    state: 'held',
    since: deletedAt,
    text: clause(`its namespace ${id.split(':', 1)[0]} is being deleted since ${rfc3339(deletedAt)}${why}`),
    next: { text: 'The namespace goes when nothing is left in it; look for finalizers.' },
  };
}

/** The API server keeps an object until each finalizer is removed by the one who set it. */
function finalizer(about: RolloutFacts): Finding | undefined {
  const live = liveOf(about);
  const [first, ...others] = live?.finalizers ?? [];
  if (live?.deletedAt === undefined || !first) return undefined;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  return {
    code: 'finalizer',
    state: 'held',
    since: live.deletedAt,
    text: clause(
      `it is being deleted since ${rfc3339(live.deletedAt)}, and waits for the finalizer ${first.name}${more}: ${controllerText(first, about)}`,
    ),
    next: {
      text: 'Repair the controller that set the finalizer. Remove a finalizer by hand only if nothing has to be cleaned up any more.',
    },
  };
}

function controllerText({ manager, writtenAt }: FinalizerFacts, { controllers }: RolloutFacts): string {
  const set =
    manager === undefined
      ? ''
      : `${manager} set it${writtenAt === undefined ? '' : `, and wrote last at ${rfc3339(writtenAt)}`}; `;
  const [controller] = controllers;
  if (!controller) return `${set}no workload of that name runs in the cluster`;
  const { desired, ready } = controller.rollout;
  return `${set}${controller.id}, which looks like its controller, has ${ready} of ${desired} replicas ready`;
}

function going(about: RolloutFacts): Finding | undefined {
  const at = liveOf(about)?.deletedAt;
  return at === undefined
    ? undefined
    : { code: 'going', state: 'waiting', since: at, text: `it is being deleted since ${rfc3339(at)}` };
}

/** Whether that is wrong is known from Git and the sync. */
function absent(about: RolloutFacts): Finding | undefined {
  if (liveOf(about)) return undefined;
  const isMissed = about.manifest !== undefined && about.object?.state === 'synced';
  return { code: 'absent', state: isMissed ? 'waiting' : 'ok', text: 'not in the cluster' };
}

/** Why pods are not created: of the object, of its ReplicaSet, or in an event. */
function creationTrouble(about: RolloutFacts): string | undefined {
  const { replicaSet, events } = about.evidence;
  const ofReplicaSet = replicaSet?.state === 'read' ? replicaSet.value?.notCreated : undefined;
  const event = listOf(events).find(({ reason }) => reason === 'FailedCreate')?.message;
  // An old event says nothing when the rollout is over.
  return liveOf(about)?.notCreated ?? ofReplicaSet ?? (liveOf(about)?.health === 'current' ? undefined : event);
}

function quota(about: RolloutFacts): Finding | undefined {
  const why = creationTrouble(about);
  if (why === undefined || !/exceeded quota|must specify limits|must specify requests/.test(why)) return undefined;
  return {
    code: 'quota',
    state: 'failed',
    text: clause(`its pods exceed the quota of the namespace: ${why}`),
    next: { text: 'Raise the quota, or ask for less; the pods are then created.' },
  };
}

function denied(about: RolloutFacts): Finding | undefined {
  const why = creationTrouble(about);
  if (why === undefined || !/admission webhook|denied (?:the )?request|violates PodSecurity/.test(why)) return undefined;
  return { code: 'pods-denied', state: 'failed', text: clause(`an admission policy rejects its pods: ${why}`) };
}

function notCreated(about: RolloutFacts): Finding | undefined {
  const why = creationTrouble(about);
  return why === undefined
    ? undefined
    : { code: 'pods-not-created', state: 'failed', text: clause(`its pods cannot be created: ${why}`) };
}

/** The first pod with a reason; the others have the same one, mostly. */
function podTrouble({ evidence }: RolloutFacts): Finding | undefined {
  const claims = evidence.claims ? listOf(evidence.claims) : [];
  return firstOf(POD_RULES, (rule) =>
    firstOf(troubled(evidence), (pod) => {
      const events = listOf(evidence.events).filter(({ about }) => about === `pod/${pod.name}`);
      return rule({ pod, events, claims });
    }),
  );
}

function troubled({ pods }: Evidence): readonly PodFacts[] {
  return pods ? listOf(pods).filter(({ ready, ending, phase }) => !ready && !ending && phase !== 'Succeeded') : [];
}

/** The sync says that replicas are held; here is by what. */
function autoscaled(about: RolloutFacts): Finding | undefined {
  const { autoscaler } = about.evidence;
  if (autoscaler?.state !== 'read' || !autoscaler.value || liveOf(about)?.health !== 'current') return undefined;
  const { name, min, max, wanted } = autoscaler.value;
  return {
    code: 'autoscaled',
    state: 'ok',
    text: `HorizontalPodAutoscaler ${name} wants ${wanted} replicas, of ${min} to ${max}`,
  };
}

/** A claim itself, not that of a pod. */
function claimUnbound(about: RolloutFacts): Finding | undefined {
  const { claims, pods } = about.evidence;
  const [claim] = claims && !pods ? listOf(claims) : [];
  if (!claim || claim.phase === 'Bound' || claim.phase === undefined) return undefined;
  const of = claim.storageClass === undefined ? '' : ` (storage class ${claim.storageClass})`;
  return {
    code: 'pvc-pending',
    state: 'waiting',
    text: clause(`it is ${claim.phase}${of}${claim.reason === undefined ? '' : `: ${claim.reason}`}`),
  };
}

function healthFailed(about: RolloutFacts): Finding | undefined {
  const live = liveOf(about);
  return live?.health === 'failed' ? { code: 'failed', state: 'failed', text: clause(live.message) } : undefined;
}

function inProgress(about: RolloutFacts): Finding | undefined {
  const live = liveOf(about);
  return live?.health === 'inProgress' ? { code: 'in-progress', state: 'waiting', text: clause(live.message) } : undefined;
}

function healthy(about: RolloutFacts): Finding {
  return { code: 'healthy', state: 'ok', text: clause(liveOf(about)?.message || 'it exists') };
}

/** Pods that are named. */
const SHOWN_PODS = 3;
const SHOWN_EVENTS = 2;

function rolloutFacts({ evidence }: RolloutFacts): readonly Fact[] {
  const { replicaSet, pods, events, claims, autoscaler, object } = evidence;
  const newest = replicaSet?.state === 'read' ? replicaSet.value : undefined;
  const all = pods ? listOf(pods) : [];
  return [
    ...(newest ? [{ name: 'replica set', value: `${newest.name}, ${newest.ready} of ${newest.wanted} pods ready` }] : []),
    ...all.slice(0, SHOWN_PODS).map((pod) => ({ name: 'pod', value: clause(podText(pod)) })),
    ...(all.length > SHOWN_PODS ? [{ name: 'more pods', value: String(all.length - SHOWN_PODS) }] : []),
    ...(claims ? listOf(claims) : []).map(({ name, phase = 'missing' }) => ({ name: 'claim', value: `${name}: ${phase}` })),
    ...listOf(events)
      .slice(0, SHOWN_EVENTS)
      .map((event) => ({ name: 'event', value: clause(eventText(event)) })),
    ...Object.entries({ replicaSet, pods, events, claims, autoscaler, object }).flatMap(([name, reading]) =>
      reading?.state === 'unread' && reading !== object ? [{ name, value: clause(`could not be read: ${reading.reason}`) }] : [],
    ),
  ];
}

function podText({ name, phase, ready, ending, node, containers }: PodFacts): string {
  const state = ending ? 'ending' : ready ? 'ready' : phase;
  const each = containers.flatMap(({ name: container, now, restarts }) => {
    if (now.state === 'running' || now.state === 'unknown')
      return restarts === 0 ? [] : [`${container} restarted ${restarts} times`];
    return now.reason === 'Completed' ? [] : [`${container} ${now.reason}`];
  });
  return [`${name}: ${state}${node === undefined ? '' : ` on ${node}`}`, ...each].join(', ');
}

function eventText({ about, reason, message, count, lastAt }: EventFacts): string {
  const when = lastAt === undefined ? '' : `${rfc3339(lastAt)} `;
  return `${when}${about} ${reason}${count > 1 ? ` (${count} times)` : ''}${message === '' ? '' : `: ${message}`}`;
}

function listOf<T>(reading: Reading<readonly T[]>): readonly T[] {
  return reading.state === 'read' ? reading.value : [];
}
