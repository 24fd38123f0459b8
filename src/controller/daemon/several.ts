import { mapNonEmpty, type NonEmpty } from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import { shareOf, type UpdateSpec } from '../../update/index.ts';
import type { Daemon, SyncReport } from './daemon.ts';
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
  const names = daemons.flatMap(({ sources }) => sources);

  /** The number of the first source that has a workload, by its id. */
  async function owners(): Promise<ReadonlyMap<ResourceId, number>> {
    const owner = new Map<ResourceId, number>();
    const sets = await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.workloadIds()));
    for (const [index, ids] of sets.entries()) for (const id of ids) if (!owner.has(id)) owner.set(id, index);
    return owner;
  }

  /** The first source answers for workloads that none has. */
  async function shares(spec: UpdateSpec): Promise<readonly (readonly [Daemon, UpdateSpec])[]> {
    const owner = await owners();
    return daemons.flatMap((daemon, index) => {
      const share = shareOf(spec, (id) => (owner.get(id) ?? 0) === index);
      return share ? [[daemon, share] as const] : [];
    });
  }

  function syncsOf(id: string): NonEmpty<SyncReport> {
    return mapNonEmpty(split(id), (part) => firstAnswer(daemons, (daemon) => daemon.sync(part)));
  }

  return {
    version: () => first.version(),
    sources: names,
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
    export: () => first.export(),

    async update(spec, cancel) {
      const ids: string[] = [];
      for (const [daemon, share] of await shares(spec)) ids.push(await daemon.update(share, cancel));
      return ids.join(AND);
    },
    job: async (id) =>
      mergeJobs(await Promise.all(mapNonEmpty(split(id), (part) => firstResult(daemons, (daemon) => daemon.job(part))))),
    async syncStatus(ref) {
      const answers = await Promise.allSettled(mapNonEmpty(daemons, (daemon) => daemon.syncStatus(ref)));
      const known = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      // The source that has the commit knows; all have HEAD.
      return known.length > 0 ? [...new Set(known.flat())] : first.syncStatus(ref);
    },
    gitConfig: (options) => first.gitConfig(options),

    async notify(change) {
      // They share the image watch.
      if (change.kind === 'image') return first.notify(change);
      return (await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.notify(change)))).includes(true);
    },

    startSync: () => mergeReports(mapNonEmpty(daemons, (daemon) => daemon.startSync())),
    sync: (id) => mergeReports(syncsOf(id)),
    async syncDone(id) {
      await Promise.all(split(id).flatMap((part) => daemons.map((daemon) => daemon.syncDone(part))));
    },
    diff: () => Promise.reject(unnamed(names)),
    history: () => Promise.reject(unnamed(names)),
    writers: () => Promise.reject(unnamed(names)),

    heldDeletions: () => mergeHeld(mapNonEmpty(daemons, (daemon) => daemon.heldDeletions())),
    approveDeletions: (hash) =>
      mergeReports(mapNonEmpty(split(hash), (part) => firstAnswer(daemons, (daemon) => daemon.approveDeletions(part)))),
    deleteOrphans: (orphans) => firstAnswer(daemons, (daemon) => daemon.deleteOrphans(orphans)),

    health: async (options) => mergeHealth(await Promise.all(mapNonEmpty(daemons, (daemon) => daemon.health(options)))),
    objects: () => mergeObjects(mapNonEmpty(daemons, (daemon) => daemon.objects())),
    scansImages: first.scansImages,
    imageScans: () => first.imageScans(),
    events: first.events,

    readiness: () => mergeReadiness(daemons.map((daemon) => ({ name: daemon.sources.join(), ...daemon.readiness() }))),
    liveness: () => daemons.map((daemon) => daemon.liveness()).find((stuck) => stuck !== undefined),
  };
}

function split(id: string): NonEmpty<string> {
  const [first = '', ...others] = id.split(AND);
  return [first, ...others];
}

/** The first answer without an error; else the error of the first. */
function firstAnswer<T>([first, ...others]: NonEmpty<Daemon>, ask: (daemon: Daemon) => T): T {
  try {
    return ask(first);
  } catch (error) {
    for (const other of others) {
      try {
        return ask(other);
      } catch {
        // The error of the first source is as good.
      }
    }
    throw error;
  }
}

async function firstResult<T>([first, ...others]: NonEmpty<Daemon>, ask: (daemon: Daemon) => Promise<T>): Promise<T> {
  const results = await Promise.allSettled([first, ...others].map(ask));
  const found = results.find((result) => result.status === 'fulfilled');
  return found ? found.value : ask(first);
}
