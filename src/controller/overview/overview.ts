import { FluxError } from '../../base/index.ts';
import { countBy } from '../../change/index.ts';
import type { Commit, Revision } from '../../repository/index.ts';
import type { Daemon, HealthReport } from '../daemon/daemon.ts';
import { decideEach } from '../daemon/image-decisions.ts';
import { knownHealth } from '../daemon/known-health.ts';
import type { ObjectStateName } from '../sync/object-states.ts';
import { grouped } from './grouped.ts';
import { registryTroubles } from './registry-troubles.ts';
import { type SourceView, sourceTroubles } from './source-troubles.ts';
import { type Trouble, wholeTrouble } from './trouble.ts';

/** One source at a glance. */
export interface SourceOverview {
  readonly name: string;
  /** Without credentials. */
  readonly url: string;
  readonly follows: string;
  readonly ready: boolean;
  /** Of the last sync; absent before the first. */
  readonly revision?: Revision;
  readonly syncedAt?: number;
  /** Absent if it cannot be read any more. */
  readonly commit?: Pick<Commit, 'subject' | 'author' | 'committedAt'>;
  /** Number of objects by state. */
  readonly counts: Readonly<Partial<Record<ObjectStateName, number>>>;
  readonly health?: Pick<HealthReport, 'settled' | 'counts'>;
  readonly heldDeletions: number;
  /** Images of automated containers that are newer and allowed, and not committed yet: how many, by the kind of reason. */
  readonly imagesWaiting: Readonly<Record<string, number>>;
  readonly automation: 'on' | 'suspended';
}

export interface Overview {
  readonly sources: readonly SourceOverview[];
  /** What is wrong: the worst first. */
  readonly troubles: readonly Trouble[];
  /** Number of troubles that are left out. */
  readonly omitted: number;
}

const MAX_TROUBLES = 100;

/** All sources at a glance, and what is wrong. What cannot be read of one source is a trouble of it, and the others are there. */
export async function overviewOf(daemon: Daemon): Promise<Overview> {
  const each = await Promise.all(daemon.sources.map((name) => lookAt(name, daemon.of(name)).catch(unread(name))));
  const views = each.flatMap(({ view }) => view ?? []);
  const others = [
    ...each.flatMap(({ trouble }) => trouble ?? []),
    ...registryTroubles(daemon.registryHosts(), () => daemon.imageScans(), daemon.imageCacheFailure()),
  ];
  const troubles = await grouped(allTroubles(views, others));
  return {
    sources: each.map(({ overview }) => overview),
    troubles: troubles.slice(0, MAX_TROUBLES),
    omitted: Math.max(0, troubles.length - MAX_TROUBLES),
  };
}

function* allTroubles(views: readonly SourceView[], others: readonly Trouble[]): Generator<Trouble> {
  for (const view of views) yield* sourceTroubles(view);
  yield* others;
}

interface Look {
  readonly overview: SourceOverview;
  /** Absent if the source could not be looked at; `trouble` says why. */
  readonly view?: SourceView;
  readonly trouble?: Trouble;
}

function unread(name: string): (error: unknown) => Look {
  return (error) => {
    if (!(error instanceof FluxError)) throw error;
    const overview = {
      name,
      url: '',
      follows: '',
      ready: false,
      counts: {},
      heldDeletions: 0,
      imagesWaiting: {},
      automation: 'on',
    } as const;
    const text = `the state of the source cannot be read: ${error.message}`;
    return { overview, trouble: { ...wholeTrouble('unread', 'unknown', text), source: name } };
  };
}

async function lookAt(name: string, daemon: Daemon): Promise<Look> {
  const [health, [automation], { url }, commit, imagesWaiting] = await Promise.all([
    knownHealth(daemon),
    daemon.automation(),
    daemon.gitConfig({ regenerateKey: false }),
    daemon.syncedCommit(),
    waitingImages(daemon),
  ]);
  const [readiness, objects, held] = [daemon.readiness(), daemon.objects(), daemon.heldDeletions()];
  const { revision, syncedAt, follows } = objects;
  const suspension = automation?.suspension;
  return {
    view: { source: name, readiness, objects, ...(health ? { health } : {}), ...(suspension ? { suspension } : {}) },
    overview: {
      name,
      url,
      follows: follows[0]?.name ?? '',
      ready: readiness.ready,
      ...(revision === undefined ? {} : { revision }),
      ...(syncedAt === undefined ? {} : { syncedAt }),
      ...(commit ? { commit } : {}),
      counts: countBy(objects.objects, ({ state }) => state),
      ...(health ? { health } : {}),
      heldDeletions: held.deletions.length,
      imagesWaiting,
      automation: suspension ? 'suspended' : 'on',
    },
  };
}

async function waitingImages(daemon: Daemon): Promise<Readonly<Record<string, number>>> {
  const byReason: Record<string, number> = {};
  for await (const { automated, newest, code } of decideEach(await daemon.imageDecisions())) {
    if (automated && newest !== undefined) byReason[code] = (byReason[code] ?? 0) + 1;
  }
  return byReason;
}
