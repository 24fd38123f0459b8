import { yieldTurn } from '../../base/index.ts';
import {
  type Labels,
  type Manifest,
  parseResourceId,
  podLabels,
  type ResourceId,
  serviceSelector,
  type UseType,
  usesOf,
} from '../../resource/index.ts';

/** One object of the repository needs another, which may not be in the repository. */
export interface Relation {
  readonly from: ResourceId;
  readonly to: ResourceId;
  readonly type: UseType;
}

/** Manifests, and comparisons of labels, between two turns of the event loop; each takes a few microseconds at most. */
const PER_TURN = 1_000;

/** What the objects of a revision need of each other, and which workloads each Service sends requests to. */
export async function relationsOf(manifests: ReadonlyMap<ResourceId, Manifest>): Promise<readonly Relation[]> {
  const relations: Relation[] = [];
  const pods = new PodLabels();
  const services: (readonly [ResourceId, Labels])[] = [];
  let seen = 0;
  for (const [id, { object }] of manifests) {
    seen += 1;
    if (seen % PER_TURN === 0) await yieldTurn();
    for (const { type, id: to } of usesOf(id, object)) relations.push({ from: id, to, type });
    const selector = serviceSelector(object);
    if (selector) services.push([id, selector]);
    const labels = podLabels(object);
    if (labels) pods.add(id, labels);
  }
  seen = 0;
  for (const [id, selector] of services) {
    const { chosen, compared } = pods.chosenBy(id, selector);
    for (const to of chosen) relations.push({ from: id, to, type: 'routes' });
    seen += 1 + compared;
    if (seen < PER_TURN) continue;
    seen = 0;
    await yieldTurn();
  }
  return relations;
}

/** Workloads by the labels of their pods, so that a Service is not held against each of them. */
class PodLabels {
  readonly #byLabel = new Map<string, { readonly id: ResourceId; readonly labels: Labels }[]>();

  add(id: ResourceId, labels: Labels): void {
    const { namespace } = parseResourceId(id);
    for (const [name, value] of labels) {
      const key = keyOf(namespace, name, value);
      const others = this.#byLabel.get(key);
      if (others) others.push({ id, labels });
      else this.#byLabel.set(key, [{ id, labels }]);
    }
  }

  /** By the label that the fewest workloads have, with the number of labels that were compared. */
  chosenBy(service: ResourceId, selector: Labels): { readonly chosen: readonly ResourceId[]; readonly compared: number } {
    const { namespace } = parseResourceId(service);
    const wanted = [...selector];
    const [fewest = []] = wanted
      .map(([name, value]) => this.#byLabel.get(keyOf(namespace, name, value)) ?? [])
      .sort((a, b) => a.length - b.length);
    const chosen: ResourceId[] = [];
    let compared = 0;
    for (const { id, labels } of fewest) {
      if (chosen.length === MAX_CHOSEN || compared >= MAX_COMPARED) break;
      compared += wanted.length;
      if (wanted.every(([name, value]) => labels.get(name) === value)) chosen.push(id);
    }
    return { chosen, compared };
  }
}

/** Workloads behind one Service that are named. */
const MAX_CHOSEN = 50;
/** Labels that are compared for one Service. Further workloads are not looked at, for a repository may hold thousands of one label. */
const MAX_COMPARED = 10_000;

function keyOf(namespace: string, name: string, value: string): string {
  return `${namespace}\0${name}\0${value}`;
}
