import { type Cancellable, type Clock, FluxError } from '../../base/index.ts';
import type { ManifestDiff } from '../../change/index.ts';
import { compareManifests } from '../../cluster/index.ts';
import type { Revision, TreeFile } from '../../repository/index.ts';
import {
  isRendered,
  type Manifest,
  type ManifestPlace,
  parseResourceId,
  type RenderedPlace,
  type ResourceId,
} from '../../resource/index.ts';
import { createLimitedWork } from '../daemon/limited-work.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Written } from '../ports/desired.ts';
import type { Source } from '../ports/source.ts';
import { changedPaths } from './changed-paths.ts';
import type { RepositoryView } from './view.ts';

/** An object of Git at two revisions that were synced. */
export interface ObjectDiffQuestion {
  readonly id: ResourceId;
  readonly from: Revision;
  readonly to: Revision;
}

/** What is known of an object at two revisions. Nothing is run or decrypted to learn it. */
export type ObjectDiffReport =
  | (ManifestDiff & {
      readonly state: 'compared';
      /** Where it is written; absent where the revision does not have it. */
      readonly before?: ManifestPlace;
      readonly after?: ManifestPlace;
    })
  /** It is written in no file, so that its fields are not compared. */
  | { readonly state: 'rendered'; readonly place: RenderedPlace }
  /** It may be in a file that cannot be read, or is encrypted. */
  | { readonly state: 'unread'; readonly revision: Revision; readonly file: string; readonly error: FluxError };

export interface ObjectDiffOptions {
  readonly source: Pick<Source, 'filesAside' | 'blob' | 'acceptedBefore' | 'syncRecord'>;
  readonly desired: Written;
  readonly cluster: Pick<Cluster, 'idOf'>;
  readonly currentView: () => Promise<Pick<RepositoryView, 'manifests'> | undefined>;
  readonly clock: Clock;
}

/** Looked for by so many people at a time, for so long: a sync reads files with the same git and the same thread. */
const LIMITS = { atOnce: 2, timeoutMs: 15_000 };
/** Files of a revision that are looked through, their bytes, and the links that may lead to one of them. */
const MAX_FILES = 500;
const MAX_BYTES = 8 << 20;
const MAX_LINKS = 100;
/** Files that cannot be parsed, in which the name of the object is looked for. */
const MAX_UNREAD = 100;
const SYMLINK = '120000';

/**
 * Compares an object of Git at two revisions. It is looked for in the plain files that differ, and in the one in which it is written now.
 * The returned function throws FluxError `git/revision-missing`, `git/files-not-kept`, `objects/not-synced`, `objects/not-in-revisions`,
 * `objects/too-many-files`, `objects/defined-twice`, `objects/diff-busy`, `objects/diff-timeout` …
 */
export function createObjectDiff(options: ObjectDiffOptions) {
  const limited = createLimitedWork({ ...LIMITS, clock: options.clock, busy, tooSlow });
  return (question: ObjectDiffQuestion, cancel?: Cancellable): Promise<ObjectDiffReport> =>
    limited((inTime) => objectDiff(question, options, inTime), cancel);
}

async function objectDiff(
  { id, from, to }: ObjectDiffQuestion,
  options: ObjectDiffOptions,
  cancel: Cancellable,
): Promise<ObjectDiffReport> {
  const place = (await options.currentView())?.manifests.get(id)?.place;
  const before = await filesOf(from, options, cancel);
  const after = await filesOf(to, options, cancel);
  const wanted = wantedOf(await changedPaths(before, after, cancel), place, { from, to });
  const look = (revision: Revision, files: readonly TreeFile[]) => lookIn({ id, revision, files, wanted }, options, cancel);
  const [one, other] = [await look(from, before), await look(to, after)];
  if (one.manifest && other.manifest) return compared(one.manifest, other.manifest);
  // What one revision seems to lack may be in what cannot be read of it.
  const unread = [other, one].find(({ manifest, unread }) => !manifest && unread)?.unread;
  if (unread) return unread;
  if (place && isRendered(place)) return { state: 'rendered', place };
  if (one.manifest || other.manifest) return compared(one.manifest, other.manifest);
  throw notInRevisions(id);
}

/** @throws FluxError `git/revision-missing`, `git/files-not-kept`, `objects/not-synced` */
async function filesOf(revision: Revision, { source }: ObjectDiffOptions, cancel: Cancellable): Promise<readonly TreeFile[]> {
  const files = await source.filesAside(revision, cancel);
  // What was synced before history was rewritten has a record. Any other commit may be that of any branch.
  if ((await source.acceptedBefore(revision)) ?? (await source.syncRecord(revision))) return files;
  throw notSynced(revision);
}

/** The paths to look in. @throws FluxError `objects/too-many-files` */
function wantedOf(
  changed: ReadonlyMap<string, TreeFile>,
  place: ManifestPlace | undefined,
  between: Pick<ObjectDiffQuestion, 'from' | 'to'>,
): ReadonlySet<string> {
  const written = place && !isRendered(place) ? [place.file] : [];
  let bytes = 0;
  for (const { size } of changed.values()) bytes += size;
  if (changed.size <= MAX_FILES && bytes <= MAX_BYTES) return new Set([...written, ...changed.keys()]);
  if (written.length === 0) throw tooManyFiles(changed.size, between);
  return new Set(written);
}

interface Side {
  readonly manifest?: Manifest;
  /** Set if the object may be in a file that cannot be read. */
  readonly unread?: Extract<ObjectDiffReport, { readonly state: 'unread' }>;
}

/** Looks for an object in some files of a revision. @throws FluxError `objects/defined-twice` */
async function lookIn(
  {
    id,
    revision,
    files,
    wanted,
  }: {
    readonly id: ResourceId;
    readonly revision: Revision;
    readonly files: readonly TreeFile[];
    readonly wanted: ReadonlySet<string>;
  },
  { source, desired, cluster }: ObjectDiffOptions,
  cancel: Cancellable,
): Promise<Side> {
  const links = files.filter(({ mode }) => mode === SYMLINK).slice(0, MAX_LINKS);
  const paths = new Set([...wanted, ...links.map(({ path }) => path)]);
  const { manifests, errors } = await desired.readWritten(files, (blob) => source.blob(blob, cancel), {
    wanted: ({ path }) => paths.has(path),
    ...cancel,
  });
  const [manifest, second] = manifests.filter(({ object }) => cluster.idOf(object) === id);
  if (second) throw definedTwice(id, revision);
  if (manifest) return { manifest };
  const name = parseResourceId(id).name;
  const byFile = new Map(errors.map(({ file, error }) => [file, error]));
  const unread = files.filter(({ path }) => wanted.has(path) && byFile.has(path)).slice(0, MAX_UNREAD);
  for (const { path, blob } of unread) {
    const error = byFile.get(path);
    // What cannot be parsed, or is encrypted, has names in the clear.
    if (error && (await source.blob(blob, cancel)).includes(name))
      return { unread: { state: 'unread', revision, file: path, error } };
  }
  return {};
}

function compared(before: Manifest | undefined, after: Manifest | undefined): ObjectDiffReport {
  return {
    state: 'compared',
    ...(before ? { before: before.place } : {}),
    ...(after ? { after: after.place } : {}),
    ...compareManifests(before, after),
  };
}

const short = (revision: Revision) => revision.slice(0, 7);

function notSynced(revision: Revision): FluxError {
  return new FluxError(`revision ${short(revision)} is not one that was synced`, {
    code: 'objects/not-synced',
    fault: 'user',
    help: 'Give the revision of a sync, and the one before it, as the history has them.',
  });
}

function notInRevisions(id: ResourceId): FluxError {
  return new FluxError(`${id} is in no plain file that differs between the two revisions`, {
    code: 'objects/not-in-revisions',
    fault: 'missing',
    help: 'Either Git did not change it, and the sync corrected the cluster; or it was rendered, or its kind or name has variables.',
  });
}

function tooManyFiles(count: number, { from, to }: Pick<ObjectDiffQuestion, 'from' | 'to'>): FluxError {
  return new FluxError(`${count} files differ between ${short(from)} and ${short(to)}, too many to look for an object in`, {
    code: 'objects/too-many-files',
    fault: 'user',
    help: `At most ${MAX_FILES} files of ${MAX_BYTES >> 20} MiB in all are looked through, unless the object is still written in one. The Git host shows the commits.`,
  });
}

function definedTwice(id: ResourceId, revision: Revision): FluxError {
  return new FluxError(`${id} is defined more than once in revision ${short(revision)}`, {
    code: 'objects/defined-twice',
    fault: 'user',
    help: 'Such an object is not applied. Leave one of its manifests in Git.',
  });
}

function busy(): FluxError {
  return new FluxError(`${LIMITS.atOnce} objects of earlier revisions are being compared`, {
    code: 'objects/diff-busy',
    fault: 'user',
    help: 'Try again in a few seconds.',
    expected: true,
  });
}

function tooSlow(ms: number, cause: unknown): FluxError {
  return new FluxError(`comparing the object took longer than ${ms / 1000} s`, {
    code: 'objects/diff-timeout',
    help: 'A large commit takes long to look through. The Git host shows what it changed.',
    cause,
  });
}
