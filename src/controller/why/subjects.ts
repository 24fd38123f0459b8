import { FluxError, isNonEmpty, mapNonEmpty, type NonEmpty } from '../../base/index.ts';
import { parseImageRef, sameImage, tryParseImageRef } from '../../image/index.ts';
import {
  containersOf,
  formatResourceId,
  isRendered,
  type Manifest,
  type ManifestPlace,
  type Problem,
  parseResourceId,
  placeName,
  type ResourceId,
} from '../../resource/index.ts';
import type { RepositoryView } from '../repository/view.ts';
import { type KnownPlace, type ObjectState, objectKey, problemsOfUnits } from '../sync/object-states.ts';
import type { WhyQuestion } from './answer.ts';

/** An object that a question is about, as Git knows it. */
export interface Subject {
  /** Absent for a refused document that does not name an object. */
  readonly id?: ResourceId;
  readonly manifest?: Manifest;
  readonly duplicates: readonly ManifestPlace[];
  readonly problem?: Problem;
  /** What is wrong with the unit that rendered it before. */
  readonly unitProblem?: Problem;
  /** Its state since the last sync. */
  readonly object?: ObjectState;
  /** The containers that the question is about; absent for all. */
  readonly containers?: readonly string[];
  /** The tag that it is about. */
  readonly tag?: string;
}

/** Where subjects are looked for. */
export interface Known {
  /** The last revision that was read; absent while Git is not ready. */
  readonly view?: RepositoryView;
  readonly objects: readonly ObjectState[];
  /** The unit that rendered an object last. */
  readonly unitOf: (id: ResourceId) => string | undefined;
}

/** Subjects of one question that are looked at. */
const MAX_SUBJECTS = 20;

/** The objects that a question is about, in the order of the repository; an id is always one of them. */
export function subjectsOf(question: WhyQuestion, known: Known): NonEmpty<Subject> {
  switch (question.by) {
    case 'id':
      return [byId(question.id, question.container, known)];
    case 'image':
      return byImage(question.image, question.namespace, known);
    case 'file':
      return byFile(question.file, question.line, known);
  }
}

function byId(asked: ResourceId, container: string | undefined, known: Known): Subject {
  const id = formatResourceId(parseResourceId(asked));
  return { ...subject(id, known), ...(container === undefined ? {} : { containers: [container] }) };
}

/** The object with an id: its one manifest, or all the manifests of a duplicate, or its refused document. */
function subject(id: ResourceId, { view, objects, unitOf }: Known): Subject {
  const found = objects.filter((each) => each.id === id);
  const object = found.find(({ state }) => state !== 'refused') ?? found[0];
  const manifest = view?.manifests.get(id);
  const problem = manifest ? undefined : view?.state.errors.find((each) => each.id === id);
  const about = { id, ...(problem ? { problem } : {}), ...(object ? { object } : {}) };
  if (manifest) return { ...about, manifest, duplicates: [] };
  const [first, ...others] = definitionsOf(object, view);
  if (first) return { ...about, manifest: first, duplicates: others.map(({ place }) => place) };
  const unitProblem = problem ? undefined : problemsOfUnits(view?.state.errors ?? []).get(unitOf(id) ?? '');
  return { ...about, ...(unitProblem ? { unitProblem } : {}), duplicates: [] };
}

/** The manifests of an object whose id is ambiguous: those of its kind, namespace and name. */
function definitionsOf(object: ObjectState | undefined, view: RepositoryView | undefined): readonly Manifest[] {
  const { place } = object ?? {};
  const first = view?.state.manifests.find((each) => place !== undefined && isAt(each.place, place));
  if (!view || !first) return [];
  if (object?.error?.code !== 'cluster/duplicate') return [first];
  const { kind, metadata } = first.object;
  const others = view.state.manifests.filter(
    (each) =>
      each !== first &&
      each.object.kind === kind &&
      each.object.metadata.name === metadata.name &&
      namesPlace(object, each.place),
  );
  return [first, ...others];
}

/** The error of a duplicate names the places of all definitions. */
function namesPlace({ error }: ObjectState, place: ManifestPlace): boolean {
  return error?.message.includes(`${placeName(place)} `) ?? false;
}

function isAt(place: ManifestPlace, known: KnownPlace): boolean {
  const isSame = place.file === known.file && place.document === known.document && place.item === known.item;
  return isSame && known.unit === (isRendered(place) ? place.unit : undefined);
}

/** @throws FluxError for a text that is no reference; `why/nothing-found`. */
function byImage(text: string, namespace: string | undefined, known: Known): NonEmpty<Subject> {
  const image = parseImageRef(text);
  const found: Subject[] = [];
  for (const [id, manifest] of known.view?.workloads ?? []) {
    if (namespace !== undefined && parseResourceId(id).namespace !== namespace) continue;
    const containers = containersOf(manifest.object).filter((each) => {
      const ref = tryParseImageRef(each.image);
      return ref && sameImage(ref, image);
    });
    if (containers.length === 0) continue;
    found.push({
      ...subject(id, known),
      containers: containers.map(({ name }) => name),
      ...(image.tag === '' ? {} : { tag: image.tag }),
    });
    if (found.length === MAX_SUBJECTS) break;
  }
  if (isNonEmpty(found)) return found;
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  throw nothingFound(
    `no workload in Git uses the image ${JSON.stringify(text)}${where}`,
    'fluxctl list-images lists the images of the cluster.',
  );
}

/** @throws FluxError `why/nothing-found`. */
function byFile(asked: string, line: number | undefined, known: Known): NonEmpty<Subject> {
  const file = asked.replace(/^(\.?\/)+/, '');
  const { manifests, errors } = known.view?.state ?? { manifests: [], errors: [] };
  const ids = new Map([...(known.view?.manifests ?? [])].map(([id, manifest]) => [manifest, id]));
  const found = [
    ...manifests
      .filter(({ place }) => place.file === file)
      .map((manifest) => ({ line: isRendered(manifest.place) ? 1 : manifest.place.line, of: () => ofManifest(manifest) })),
    ...errors.filter((each) => each.file === file).map((problem) => ({ line: problem.line ?? 1, of: () => ofProblem(problem) })),
  ].toSorted((a, b) => a.line - b.line);
  const at = line === undefined ? undefined : (found.findLast((each) => each.line <= line) ?? found[0]);
  const wanted = at ? [at] : found.slice(0, MAX_SUBJECTS);
  if (isNonEmpty(wanted)) return mapNonEmpty(wanted, (each) => each.of());
  throw nothingFound(
    `there is no object in ${JSON.stringify(file.slice(0, 200))}`,
    'Give the path relative to the root of the repository, of a file below --git-path. A file that was pushed just now may not be fetched yet.',
  );

  function ofManifest(manifest: Manifest): Subject {
    const id = ids.get(manifest);
    if (id !== undefined) return subject(id, known);
    const object = known.objects.find(({ place }) => place !== undefined && isAt(manifest.place, place));
    if (object?.id !== undefined) return subject(object.id, known);
    return { manifest, duplicates: [], ...(object ? { object } : {}) };
  }

  function ofProblem(problem: Problem): Subject {
    const key = objectKey({ ...(problem.id === undefined ? {} : { id: problem.id }), place: problem });
    const object = known.objects.find((each) => each.state === 'refused' && objectKey(each) === key);
    return { ...(problem.id === undefined ? {} : { id: problem.id }), problem, duplicates: [], ...(object ? { object } : {}) };
  }
}

function nothingFound(message: string, help: string): FluxError {
  return new FluxError(message, { code: 'why/nothing-found', fault: 'missing', help });
}
