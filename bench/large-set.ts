import { setTimeout as sleep } from 'node:timers/promises';
import { type ApiProxy, type Recorded, startApiProxy } from '../test/e2e/harness/api-proxy.ts';
import { readKubeconfig } from '../test/e2e/harness/kube-client.ts';
import { createRepository, type Files, type Repository } from '../test/e2e/harness/repository.ts';
import type { ApiServer } from './api-server.ts';
import { type Fluxd, type SyncCost, startFluxd } from './contenders/fluxd.ts';
import { configMapsOf, mixedManifests } from './manifests.ts';

/** Requests may still come a moment after the sync has ended. */
const AFTERMATH_MS = 500;

/**
 * A set of objects that is in sync, and the daemon that keeps it so: straight at the API server when something is timed, behind a
 * counting proxy when requests are counted, one of them at a time.
 */
export class LargeSet {
  readonly size: number;
  readonly server: ApiServer;
  readonly repository: Repository;
  readonly #prefix: string;
  #running: { readonly fluxd: Fluxd; readonly proxy: ApiProxy | undefined };
  /** Of the first sync, which created everything. */
  readonly first: SyncCost;
  /** What the daemon held before it, with nothing to keep. */
  readonly emptyMib: number;
  #isFirst = true;
  #commits = 0;

  private constructor(
    made: Pick<LargeSet, 'server' | 'repository' | 'size' | 'first' | 'emptyMib'>,
    fluxd: Fluxd,
    prefix: string,
  ) {
    this.server = made.server;
    this.repository = made.repository;
    this.size = made.size;
    this.first = made.first;
    this.emptyMib = made.emptyMib;
    this.#running = { fluxd, proxy: undefined };
    this.#prefix = prefix;
  }

  /** Starts the daemon on a repository with nothing in it, commits all the files, and has them synced. */
  static async create(server: ApiServer, size: number, prefix: string): Promise<LargeSet> {
    const repository = await createRepository();
    await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
    const fluxd = await startFluxd({ kubeconfig: server.kubeconfig, repository });
    try {
      const emptyMib = fluxd.residentMib();
      await repository.commit('Everything', mixedManifests(size, prefix));
      const first = await fluxd.sync({ created: size });
      await server.quiet();
      return new LargeSet({ server, repository, size, first, emptyMib }, fluxd, prefix);
    } catch (error) {
      await fluxd.end();
      throw error;
    }
  }

  /** The daemon that created everything, while it is the one that runs. */
  firstDaemon(): Fluxd {
    if (!this.#isFirst) throw new Error('the daemon was restarted since the first sync');
    return this.#running.fluxd;
  }

  async daemon(): Promise<Fluxd> {
    return this.#running.proxy === undefined ? this.#running.fluxd : this.restart();
  }

  /** Kills the daemon and restarts it without its state. Resolves when its first sync is done. */
  async restart(): Promise<Fluxd> {
    await this.#end();
    const fluxd = await startFluxd({ kubeconfig: this.server.kubeconfig, repository: this.repository });
    this.#running = { fluxd, proxy: undefined };
    return fluxd;
  }

  /** The same behind a counting proxy: what it asked for from its start until a while after its first sync. */
  async restartCounted(whileMs: number): Promise<readonly Recorded[]> {
    await this.#end();
    const proxy = await startApiProxy(readKubeconfig(this.server.kubeconfig));
    const fluxd = await startFluxd({ kubeconfig: proxy.kubeconfig, repository: this.repository });
    this.#running = { fluxd, proxy };
    await sleep(whileMs);
    return proxy.requests;
  }

  /** What a daemon that has long been running asks for during an act. */
  async counted(act: (fluxd: Fluxd) => Promise<void>): Promise<readonly Recorded[]> {
    if (this.#running.proxy === undefined) await this.restartCounted(AFTERMATH_MS);
    const { fluxd, proxy } = this.#running;
    if (!proxy) throw new Error('the daemon is not behind the proxy');
    proxy.clear();
    await act(fluxd);
    await sleep(AFTERMATH_MS);
    return proxy.requests;
  }

  /** A commit that changes no manifest, and its sync. */
  async noOp(fluxd: Fluxd): Promise<SyncCost> {
    await this.#commit('README.md', 'nothing to do');
    return fluxd.sync({ unchanged: this.size });
  }

  /** A commit that changes one object, and its sync. */
  async oneChange(fluxd: Fluxd): Promise<SyncCost> {
    const { path, text } = this.configMap(0);
    await this.#commit(path, text);
    return fluxd.sync({ configured: 1, unchanged: this.size - 1 });
  }

  async #commit(path: string, text: string): Promise<void> {
    this.#commits += 1;
    const files: Files = { [path]: `${text}    # ${this.#commits}\n` };
    await this.repository.commit('A change', files);
  }

  /** One of the ConfigMaps of the set, by number. The line that `oneChange` adds to its file is within its value. */
  configMap(number: number): { readonly path: string; readonly text: string; readonly namespace: string; readonly name: string } {
    const wanted = configMapsOf(mixedManifests(this.size, this.#prefix));
    const [path, text] = wanted[number % wanted.length] ?? ['', ''];
    const [, namespace = '', name = ''] = /^([^/]+)\/([^/]+)\.yaml$/.exec(path) ?? [];
    return { path, text, namespace, name };
  }

  async close(): Promise<void> {
    await this.#end();
    this.repository.remove();
  }

  async #end(): Promise<void> {
    this.#isFirst = false;
    await this.#running.fluxd.end();
    await this.#running.proxy?.close();
  }
}
