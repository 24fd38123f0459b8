import { asFluxError, FluxError, mapNonEmpty, type NonEmpty } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import { shareOf, type UpdateSpec } from '../../update/index.ts';
import type { Relation } from '../topology/relations.ts';
import type { Daemon, JobStatus, SyncReport, SyncRequest } from './daemon.ts';
import type { SourceDaemon } from './facade.ts';
import {
  AND,
  mergeHealth,
  mergeHeld,
  mergeImages,
  mergeJobs,
  mergeObjects,
  mergeReadiness,
  mergeReports,
  mergeWorkloads,
} from './merge.ts';
import { refuseUnknown, unnamed } from './source-name.ts';

/**
 * One daemon over several sources. What they share is answered by the first of them, and lists are merged. A change goes to the sources
 * that it concerns, and the ids of their jobs or syncs are joined in one. A question about one repository has to name its source; only
 * those of Flux v1, whose clients know one repository, are answered by the first.
 */
export function combineDaemons(daemons: NonEmpty<SourceDaemon>): Daemon {
  const [first, ...others] = daemons;
  if (others.length === 0) return first;
  const names = mapNonEmpty(daemons, ({ source }) => source);

  /** The number of the first source that has a workload, by its id. */
  async function owners(): Promise<ReadonlyMap<ResourceId, number>> {
    const owner = new Map<ResourceId, number>();
    const sets = await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.workloadIds()));
    for (const [index, ids] of sets.entries()) for (const id of ids) if (!owner.has(id)) owner.set(id, index);
    return owner;
  }

  /** The first source answers for workloads that none has. */
  async function shares(spec: UpdateSpec): Promise<readonly (readonly [SourceDaemon, UpdateSpec])[]> {
    const owner = await owners();
    return daemons.flatMap((daemon, index) => {
      const share = shareOf(spec, (id) => (owner.get(id) ?? 0) === index);
      return share ? [[daemon, share] as const] : [];
    });
  }

  /** The same list as long as those of all sources are the same. */
  let related: { readonly lists: readonly (readonly Relation[])[]; readonly all: readonly Relation[] } = { lists: [], all: [] };

  function syncsOf(id: string): NonEmpty<SyncReport> {
    return mapNonEmpty(split(id), (part) => firstAnswer(daemons, (daemon) => named(daemon, daemon.sync(part))));
  }

  /** A sync of all sources, or of none. */
  function startSyncs(concerned: NonEmpty<SourceDaemon>, request?: SyncRequest): SyncReport {
    for (const daemon of concerned) blaming(daemon, () => daemon.requireAcceptance());
    return mergeReports(mapNonEmpty(concerned, (daemon) => named(daemon, daemon.startSync(request))));
  }

  /** Changes all sources, or none if one refuses changes now. */
  async function ofAll<T>(change: (daemon: SourceDaemon) => Promise<readonly T[]>): Promise<readonly T[]> {
    for (const daemon of daemons) blaming(daemon, () => daemon.requireAcceptance());
    return (await Promise.all(daemons.map((daemon) => answer(daemon, change)))).flat();
  }

  return {
    version: () => first.version(),
    sources: names,
    sandboxes: () => first.sandboxes(),
    of: (name) => daemons[names.indexOf(name)] ?? refuseUnknown(name, names),

    listWorkloads: async (filter) =>
      mergeWorkloads(await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.listWorkloads(filter)))),
    async listImages(filter) {
      const [owner, lists] = await Promise.all([
        owners(),
        Promise.all(mapNonEmpty(daemons, (daemon) => daemon.listImages(filter))),
      ]);
      return mergeImages(lists, owner);
    },
    imageDecisions: async () =>
      (
        await Promise.all(
          daemons.map(async (daemon) => (await daemon.imageDecisions()).map((each) => ({ ...each, source: daemon.source }))),
        )
      ).flat(),
    export: () => first.export(),

    async update(spec, cancel) {
      const all = await shares(spec);
      // Before the first job: a client that gets an error finds no change under way.
      for (const [daemon, share] of all) blaming(daemon, () => daemon.requireAcceptance(share));
      const ids = await Promise.all(all.map(([daemon, share]) => answer(daemon, () => daemon.update(share, cancel))));
      return ids.join(AND);
    },
    job: async (id) =>
      mergeJobs(await Promise.all(mapNonEmpty(split(id), (part) => firstResult(daemons, (daemon) => jobOf(daemon, part))))),
    async syncStatus(ref) {
      const answers = await Promise.allSettled(mapNonEmpty(daemons, (daemon) => daemon.syncStatus(ref)));
      const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      // The source that has the commit knows; all have HEAD.
      return known.length > 0 ? [...new Set(known.flat())] : first.syncStatus(ref);
    },
    async gitConfig(options) {
      const configs = await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.gitConfig({ regenerateKey: false })));
      // The first may have no key, as one over http(s).
      const keyed = daemons[configs.findIndex(({ publicKey }) => publicKey !== '')] ?? first;
      const { publicKey } = await keyed.gitConfig(options);
      return { ...configs[0], publicKey };
    },

    async notify(change) {
      // They share the image watch.
      if (change.kind === 'image') return first.notify(change);
      return (await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.notify(change)))).includes(true);
    },

    startSync: (request) => startSyncs(daemons, request),
    sync: (id) => mergeReports(syncsOf(id)),
    async syncDone(id) {
      await Promise.all(split(id).flatMap((part) => daemons.map((daemon) => daemon.syncDone(part))));
    },
    diff: () => Promise.reject(unnamed(names)),
    async why(question, cancel) {
      const known = await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.knows(question)));
      const daemon = daemons[known.indexOf(Math.max(...known))] ?? first;
      return { ...(await daemon.why(question, cancel)), source: daemon.source };
    },
    async manifest(id) {
      for (const daemon of daemons) {
        const found = await answer(daemon, () => daemon.manifest(id));
        if (found) return found;
      }
      return undefined;
    },
    history: () => Promise.reject(unnamed(names)),
    writers: () => Promise.reject(unnamed(names)),

    automation: async (cancel) =>
      (await Promise.all(daemons.map((daemon) => answer(daemon, () => daemon.automation(cancel))))).flat(),
    suspendAutomation: (who, cancel) => ofAll((daemon) => daemon.suspendAutomation(who, cancel)),
    resumeAutomation: (who, cancel) => ofAll((daemon) => daemon.resumeAutomation(who, cancel)),

    heldDeletions: () => mergeHeld(mapNonEmpty(daemons, (daemon) => daemon.heldDeletions())),
    approveDeletions(hash) {
      const lists = mapNonEmpty(split(hash), (part) => ({
        part,
        daemon: daemons.find((daemon) => daemon.heldDeletions().hash === part) ?? refuseOutdated(hash, daemons),
      }));
      for (const { daemon } of lists) blaming(daemon, () => daemon.requireAcceptance());
      return mergeReports(mapNonEmpty(lists, ({ daemon, part }) => named(daemon, daemon.approveDeletions(part))));
    },
    deleteOrphans: (orphans) => firstAnswer(daemons, (daemon) => named(daemon, daemon.deleteOrphans(orphans))),

    health: async (options) =>
      mergeHealth(await Promise.all(mapNonEmpty(daemons, (daemon) => answer(daemon, () => daemon.health(options))))),
    syncedCommit: () => Promise.reject(unnamed(names)),
    objectCommits: () => Promise.reject(unnamed(names)),
    objectDiff: () => Promise.reject(unnamed(names)),
    objects: () => mergeObjects(mapNonEmpty(daemons, objectsOf)),
    async relations() {
      const lists = await Promise.all(daemons.map((daemon) => daemon.relations()));
      if (lists.some((list, index) => list !== related.lists[index])) related = { lists, all: lists.flat() };
      return related.all;
    },
    owned: (question) => first.owned(question),
    scansImages: first.scansImages,
    imageScans: () => first.imageScans(),
    registryHosts: () => first.registryHosts(),
    imageCacheFailure: () => first.imageCacheFailure(),
    events: first.events,

    readiness: () => mergeReadiness(daemons.map((daemon) => ({ name: daemon.source, ...daemon.readiness() }))),
    liveness: () => daemons.map((daemon) => daemon.liveness()).find((stuck) => stuck !== undefined),
  };
}

function split(id: string): NonEmpty<string> {
  const [first = '', ...others] = id.split(AND);
  return [first, ...others];
}

/** None is approved when one of the lists is not the current one. */
function refuseOutdated(hash: string, daemons: NonEmpty<Daemon>): never {
  const { hash: now } = mergeHeld(mapNonEmpty(daemons, (daemon) => daemon.heldDeletions()));
  throw new FluxError(
    now === undefined
      ? `no list ${hash} of deletions waits for approval`
      : `the list of held deletions is not ${hash}: it is ${now} now`,
    { code: 'gc/changed', fault: 'user', help: 'Run `fluxctl gc` to see the current list, and approve that.' },
  );
}

/** Adds the name of the source to all that a sync reports. */
function named(daemon: SourceDaemon, { failure, ...report }: SyncReport): SyncReport {
  const { source } = daemon;
  const { revision } = report;
  return {
    ...report,
    changes: report.changes.map((change) => ({ ...change, source })),
    errors: report.errors.map((problem) => ({ ...problem, source })),
    warnings: report.warnings.map((problem) => ({ ...problem, source })),
    sources: [{ name: source, ...(revision === undefined ? {} : { revision }) }],
    ...(failure ? { failure: blame(daemon, failure) } : {}),
  };
}

/** A job with the name of the source in its error. Clients know the words for no changes. */
async function jobOf(daemon: SourceDaemon, id: string): Promise<JobStatus> {
  const job = await daemon.job(id);
  return job.error === '' || job.noChanges ? job : { ...job, error: `source ${daemon.source}: ${job.error}` };
}

/** The states of objects with the name of their source. */
function objectsOf(daemon: SourceDaemon): ReturnType<Daemon['objects']> {
  const { failure, objects, follows, ...view } = daemon.objects();
  const { source } = daemon;
  return {
    ...view,
    follows: follows.map((each) => ({ ...each, source })),
    objects: objects.map((object) => ({ ...object, source })),
    ...(failure ? { failure: blame(daemon, failure) } : {}),
  };
}

function blaming(daemon: SourceDaemon, ask: () => void): void {
  try {
    ask();
  } catch (error) {
    throw blame(daemon, error);
  }
}

/** The answer of one daemon, or its error with the name of the source. */
async function answer<T>(daemon: SourceDaemon, ask: (daemon: SourceDaemon) => Promise<T>): Promise<T> {
  try {
    return await ask(daemon);
  } catch (error) {
    throw blame(daemon, error);
  }
}

/** The same error, with the name of the source. */
function blame({ source }: SourceDaemon, thrown: unknown): FluxError {
  const { message, code, fault, help = '', expected, cause } = asFluxError(thrown, { code: 'source/failed' });
  const advice = code === 'lease/elsewhere' ? `${help}\n${ONE_BY_ONE}` : help;
  return new FluxError(`source ${source}: ${message}`, {
    ...{ code, fault, expected, cause },
    ...(advice === '' ? {} : { help: advice }),
  });
}

const ONE_BY_ONE = 'Different daemons may write for different sources: name one with --source, or ?source= of the API.\n';

/** The first answer without an error; else the first error of a source that this daemon writes for. */
function firstAnswer<T>(daemons: NonEmpty<SourceDaemon>, ask: (daemon: SourceDaemon) => T): T {
  const errors: unknown[] = [];
  for (const daemon of daemons) {
    try {
      return ask(daemon);
    } catch (error) {
      errors.push(error);
    }
  }
  throw errors.find((error) => !(error instanceof FluxError && error.code.startsWith('lease/'))) ?? errors[0];
}

/** The same for answers that take time: does not wait for the others. */
async function firstResult<T>(daemons: NonEmpty<SourceDaemon>, ask: (daemon: SourceDaemon) => Promise<T>): Promise<T> {
  try {
    return await Promise.any(daemons.map(ask));
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  }
}
