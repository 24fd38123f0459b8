import { FluxError, silentLogger } from '../../../../src/base/index.ts';
import type { Deletion, PlanEntry, PlanRequest } from '../../../../src/change/index.ts';
import { createCluster } from '../../../../src/cluster/index.ts';
import type { Cluster } from '../../../../src/controller/ports/cluster.ts';
import type { DesiredState, Manifest } from '../../../../src/resource/index.ts';
import { createLoneCluster, loneSource } from '../../../support/lone-cluster.ts';
import { ApiServer, KINDS } from '../../api-server.ts';
import { JumpClock } from '../../world.ts';
import { faultsOf, NETWORK_FAULTS } from './faults.ts';
import { finishTermination, meddle } from './foreign-writer.ts';
import { type Random, randomOf } from './random.ts';
import { type Known, Referee } from './referee.ts';
import { placesOf, Repository } from './repository.ts';

/** How the sources of a history stand to each other. */
export const HOUSES = [
  'one source, restarts',
  'two sources, restarts',
  'two sources of one process, objects shared',
  'two sources of one process, objects move',
  'two processes, objects shared',
] as const;
export type House = (typeof HOUSES)[number];

interface Source extends Known {
  readonly repository: Repository;
  /** As the daemon remembers it. */
  approved: readonly Deletion[];
}

const UNREADABLE = { file: 'broken.yaml', error: new FluxError('cannot be read', { code: 'x/unreadable' }) };
const USED = ['Namespace', 'ConfigMap', 'Secret', 'Deployment', 'StatefulSet', 'CustomResourceDefinition'];

export interface Tally {
  rounds: number;
  deletes: number;
  held: number;
  doubtful: number;
  failedPlans: number;
  approvals: number;
}

/** One API server, one or two sources, and rounds in which anything may happen. */
export class History {
  readonly tally: Tally = { rounds: 0, deletes: 0, held: 0, doubtful: 0, failedPlans: 0, approvals: 0 };
  readonly #random: Random;
  readonly #server = new ApiServer();
  readonly #clock = new JumpClock();
  readonly #house: House;
  readonly #sources: readonly Source[];
  /** Objects move between two sources of a process that asks them what they want. */
  readonly #moves: boolean;
  /** Why a source does not answer what it wants; 'partly' if a file cannot be read. */
  #silent: 'partly' | 'not' | undefined;
  readonly #referee: Referee;
  #processes: Cluster[] = [];
  #patched: string[] = [];

  constructor(seed: number, house: House) {
    this.#random = randomOf(seed);
    this.#house = house;
    this.#moves = house.endsWith('move');
    const shared = house.endsWith('shared') || this.#moves ? placesOf('shared-') : [];
    const source = (syncSet: string, process: number): Source => ({
      syncSet,
      process,
      repository: new Repository([...placesOf(`${syncSet}-`), ...shared], this.#random),
      truth: new Set(),
      read: new Set(),
      claims: new Map(),
      isAsked: this.#moves,
      approved: [],
    });
    const second = house.startsWith('one') ? [] : [source('b', house.startsWith('two processes') ? 1 : 0)];
    this.#sources = [source('a', 0), ...second];
    this.#referee = new Referee(this.#server, this.#sources);
  }

  async start(): Promise<void> {
    this.#server.kinds = KINDS.filter(({ kind }) => USED.includes(kind));
    await this.#server.start();
    this.#server.put('/api/v1/namespaces/shop', { metadata: { name: 'shop' } });
    this.#server.put('/api/v1/namespaces/team', { metadata: { name: 'team' } });
    await this.#restart();
  }

  async stop(): Promise<void> {
    for (const cluster of this.#processes) cluster.close();
    await this.#server.stop();
  }

  /** One sync of one source, with all that may go wrong. */
  async round(): Promise<void> {
    const random = this.#random;
    const source = random.pick(this.#sources);
    this.#clock.time += random.below(30_000);
    if ((this.#house.endsWith('restarts') || this.#moves) && random.chance(0.03)) await this.#restart();
    if (random.chance(0.6)) source.repository.commit();
    if (this.#moves) {
      const [from, to] = random.chance(0.5) ? this.#sources : this.#sources.toReversed();
      if (from && to && random.chance(0.6)) from.repository.moveTo(to.repository);
      this.#silent = random.chance(0.15) ? random.pick(['partly', 'not'] as const) : undefined;
    }
    if (random.chance(0.2)) this.#meddle();
    const broken = random.chance(0.12) ? random.pick(['unreadable', 'duplicate', 'unknown kind'] as const) : undefined;
    const allowPrune = random.chance(0.1) ? random.below(6) : 0;
    this.#server.stale = [];
    this.#server.absent = [];
    const fault = random.chance(0.5) ? 'none' : random.pick(NETWORK_FAULTS);
    await this.#sync(source, {
      request: requestOf(source, broken, allowPrune, random),
      doubtful: broken !== undefined || this.#silent !== undefined,
      fault: faultsOf(fault, random, this.#server),
      between: random.chance(0.15)
        ? () => this.#meddle()
        : this.#moves && random.chance(0.3)
          ? (entries) => this.#planOther(source, entries)
          : () => {},
    });
    this.tally.rounds += 1;
  }

  /** The faults are over, and a person confirms what is held: what must go goes, and what Git holds is there. */
  async settle(): Promise<{ readonly leftOver: readonly string[]; readonly missing: readonly string[] }> {
    this.#server.stale = [];
    this.#server.absent = [];
    this.#silent = undefined;
    for (const { repository } of this.#sources) repository.mend();
    for (let pass = 0; pass < 6; pass += 1) {
      finishTermination(this.#server);
      this.#clock.time += pass === 0 ? 60_000 : 3_600_000;
      for (const source of this.#sources) {
        await this.#sync(source, { request: requestOf(source, undefined, 0, this.#random), confirm: true });
      }
    }
    return { leftOver: this.#referee.leftOver(), missing: this.#referee.missing() };
  }

  get violations(): readonly string[] {
    return this.#referee.violations;
  }

  async #sync(
    source: Source,
    {
      request,
      doubtful = false,
      fault = () => undefined,
      between = () => {},
      confirm = false,
    }: {
      readonly request: PlanRequest;
      readonly doubtful?: boolean;
      readonly fault?: ReturnType<typeof faultsOf>;
      readonly between?: (entries: readonly PlanEntry[]) => void | Promise<void>;
      readonly confirm?: boolean;
    },
  ): Promise<void> {
    const cluster = this.#processes[source.process];
    if (!cluster) throw new Error('no such process');
    source.truth = source.repository.paths;
    // Its process asks it now, so it may not lose what its Git holds at this moment.
    if (this.#moves) for (const each of this.#sources) each.truth = each.repository.paths;
    const round = {
      source,
      doubtful,
      ours: this.#referee.countOurs(source),
      approved: new Set((request.approved ?? []).map(({ id, uid }) => `${id} ${uid}`)),
      allowPrune: request.allowPrune ?? 0,
      now: this.#clock.time,
      deleted: [] as string[],
    };
    this.#referee.round = round;
    this.#server.intercept = (seen) => {
      const answer = fault(seen);
      if (answer !== undefined && answer !== 'cut-after') return answer;
      if (seen.method === 'PATCH') this.#patched.push(decodeURIComponent(seen.path));
      if (seen.method === 'DELETE') this.#referee.judge(seen);
      return answer;
    };
    if (doubtful) this.tally.doubtful += 1;
    const plan = await cluster.plan(request).catch(() => undefined);
    if (!plan) {
      this.tally.failedPlans += 1;
      return;
    }
    const seenPaths = request.desired.errors.length === 0 ? source.truth : new Set([...source.read, ...source.truth]);
    source.read = seenPaths;
    this.#decide(source, plan.entries, confirm);
    await between(plan.entries);
    const changes = await cluster.apply(plan);
    const failed = changes.find(({ outcome, inGit }) => outcome === 'failed' && inGit);
    if (failed && round.deleted.length > 0) this.#referee.violations.push(`${failed.id} failed, and others were deleted`);
    this.#referee.noteApplied(this.#patched.splice(0), source);
    this.#referee.noteClaims(this.#clock.time);
    this.tally.deletes = this.#referee.deletes;
    if (confirm && source.approved.length > 0 && request.approved !== source.approved)
      await this.#sync(source, { request: { ...request, approved: source.approved } });
  }

  /** A person looks at what is held, and now and then approves it. */
  #decide(source: Source, entries: readonly PlanEntry[], always: boolean): void {
    const waiting = entries.flatMap(({ id, uid, approval }) => (uid && approval ? [{ id, uid }] : []));
    if (waiting.length === 0) return;
    this.tally.held += 1;
    if (!always && !this.#random.chance(0.3)) return;
    this.tally.approvals += 1;
    source.approved = waiting;
  }

  /** The other source of the process commits and plans while the first one is about to write. */
  async #planOther(source: Source, entries: readonly PlanEntry[]): Promise<void> {
    const other = this.#sources.find((each) => each !== source);
    if (!other) return;
    other.repository.commit();
    if (this.#random.chance(0.5)) other.repository.take(new Set(entries.filter(({ inGit }) => !inGit).map(({ id }) => id)));
    const isPlanned = await this.#processes[other.process]?.plan(requestOf(other, undefined, 0, this.#random)).then(
      () => true,
      () => false,
    );
    if (isPlanned) other.truth = other.repository.paths;
  }

  async #answer({ repository }: Source): Promise<DesiredState> {
    const all = repository.manifests;
    if (this.#silent === 'not') throw new FluxError('no route to the repository', { code: 'git/unreachable' });
    if (this.#silent === undefined) return { manifests: all, errors: [], warnings: [] };
    return { manifests: all.filter(() => this.#random.chance(0.5)), errors: [UNREADABLE], warnings: [] };
  }

  #meddle(): void {
    meddle(
      this.#server,
      this.#random,
      this.#sources.map(({ syncSet }) => syncSet),
    );
  }

  /** All that the processes remember is lost, as in the daemon: the approvals too. */
  async #restart(): Promise<void> {
    for (const cluster of this.#processes) cluster.close();
    const { kubeconfigFile } = this.#server;
    const options = { kubeconfigFile, excludeResources: [], clock: this.#clock, log: silentLogger() };
    const start = async () => {
      if (!this.#moves) return createLoneCluster(options);
      const cluster = await createCluster(options);
      for (const source of this.#sources) cluster.join({ ...loneSource(source.syncSet), desired: () => this.#answer(source) });
      return cluster;
    };
    this.#processes = await Promise.all([start(), start()]);
    for (const source of this.#sources) {
      source.approved = [];
      source.read = new Set();
    }
  }
}

/** What the daemon asks for, after reading a revision in which something may be broken. */
function requestOf(
  { repository, syncSet, approved }: Source,
  broken: 'unreadable' | 'duplicate' | 'unknown kind' | undefined,
  allowPrune: number,
  random: Random,
): PlanRequest {
  const all = repository.manifests;
  const [first] = all;
  const unknown: Manifest = {
    place: { file: 'unknown.yaml', document: 1, line: 1 },
    object: { apiVersion: 'nowhere.example.com/v1', kind: 'Nothing', metadata: { name: 'x', namespace: 'shop' } },
    checksum: 'x',
  };
  const manifests =
    broken === 'unreadable'
      ? all.filter(() => random.chance(0.7))
      : broken === 'duplicate' && first
        ? [...all, first]
        : broken
          ? [...all, unknown]
          : all;
  const errors = broken === 'unreadable' ? [UNREADABLE] : [];
  return { desired: { manifests, errors, warnings: [] }, syncSet, garbageCollection: 'on', allowPrune, approved };
}
