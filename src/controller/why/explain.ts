import { LINK_STATES, type Link, type LinkKind, type Other, type WhyAnswer } from './answer.ts';
import type { Facts } from './facts.ts';
import { commitLink } from './rules/commit.ts';
import { decisionLink, tagVerdicts } from './rules/decision.ts';
import { placeLink } from './rules/place.ts';
import { policiesLink } from './rules/policies.ts';
import { registryLinks } from './rules/registry.ts';
import { rolloutLink } from './rules/rollout.ts';
import { syncLink } from './rules/sync.ts';

/** Folds what is known of an object into the answer: a link for each step from Git to the pods, and the first cause in one sentence. */
export function explain(facts: Facts, others: readonly Other[] = []): WhyAnswer {
  const links = chainOf(facts);
  const cause = worst(links);
  const { id, containers } = facts;
  const only = cause?.container ?? (containers.length === 1 ? containers[0]?.name : undefined);
  return {
    answer: cause ? sentence(facts, cause) : allIsWell(facts, links),
    state: cause?.state ?? 'ok',
    cause: cause ? `${cause.kind}/${cause.code}` : 'ok',
    ...(id === undefined ? {} : { id }),
    ...(only === undefined ? {} : { container: only }),
    links,
    ...(cause?.next ? { next: cause.next } : {}),
    tags: containers.map(({ name, considered }) => ({ container: name, tags: tagVerdicts(considered) })),
    others,
  };
}

/** What is not in Git has a place, and a sync that deletes it or leaves it alone; no more. */
function chainOf(facts: Facts): readonly Link[] {
  const { containers, manifest } = facts;
  const images = manifest
    ? [...containers.map(decisionLink), ...registryLinks(facts), ...containers.map((each) => commitLink(each, facts))]
    : [];
  const rollout = rolloutLink(facts);
  return [
    placeLink(facts),
    ...(manifest ? [policiesLink(facts)] : []),
    ...images,
    syncLink(facts),
    ...(rollout ? [rollout] : []),
  ];
}

/** The link with the greatest weight, then the worst state, then the first in the chain; undefined if all is well. */
function worst(links: readonly Link[]): Link | undefined {
  const bad = links.filter(({ state }) => state !== 'ok');
  const [first] = bad.toSorted((a, b) => (b.weight ?? 0) - (a.weight ?? 0) || rank(a) - rank(b));
  return first;
}

function rank({ state }: Link): number {
  return LINK_STATES.indexOf(state);
}

/** What does not happen because of a link that is not well. */
const EFFECTS: Record<LinkKind, string> = {
  place: 'is not synced',
  policies: 'is left alone',
  decision: 'is not updated',
  registry: 'is not updated',
  commit: 'is not updated',
  sync: 'is not applied',
  rollout: 'is not healthy',
};

/** Situations in which something else does not happen than the link would suggest. */
const OTHER_EFFECTS: Readonly<Record<string, string>> = {
  'place/nowhere': 'is unknown',
  'sync/held-deletion': 'is not deleted',
  'sync/not-recorded': 'is applied, but not recorded',
  'sync/fight': 'does not stay as in Git',
  'sync/another-leader': 'is not synced by this daemon',
  'sync/replicas-held': 'is applied, except for its replicas',
  'rollout/unread': 'may not be healthy',
  'rollout/absent': 'is missing',
  'rollout/finalizer': 'is not deleted',
  'rollout/going': 'is going',
  'rollout/namespace-terminating': 'is not deleted',
  'rollout/in-progress': 'is not rolled out',
};

function sentence(facts: Facts, { kind, code, container, state, text }: Link): string {
  const effect = OTHER_EFFECTS[`${kind}/${code}`] ?? EFFECTS[kind];
  const yet = state === 'waiting' && effect.startsWith('is not') ? ' yet' : '';
  return ended(`${subjectOf(facts, container)} ${effect}${yet}: ${text}`);
}

function allIsWell(facts: Facts, links: readonly Link[]): string {
  const parts = links.filter(({ kind }) => kind === 'sync' || kind === 'rollout').map(({ text }) => text);
  const images = links.filter(({ kind }) => kind === 'decision').map(({ container = '', text }) => `${container}: ${text}`);
  return ended(`nothing is wrong with ${subjectOf(facts, undefined)}: ${[...parts, ...images].join('; ')}`);
}

function subjectOf({ id, containers, problem }: Facts, container: string | undefined): string {
  const name = id ?? `the manifest in ${problem?.file ?? 'the repository'}`;
  return container === undefined || containers.length < 2 ? name : `${container} of ${name}`;
}

function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
