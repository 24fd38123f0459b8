import { type ApiServer, startControlPlane } from './api-server.ts';
import { bareLoop } from './contenders/bare-loop.ts';
import { LargeSet } from './large-set.ts';
import { mixedManifests } from './manifests.ts';

/** What the cases share: a control plane, one at a time, and a set of objects that several rows are measured on. */
export interface Lab {
  /** Objects to take where the promise says so many. */
  scaled(objects: number): number;
  /** Waits are cut short where the sizes are. */
  waitMs(ms: number): number;
  /** A control plane with nothing in it but what warmed it up; the one before is gone. */
  fresh(): Promise<ApiServer>;
  /** 5,000 objects in sync; the same until `fresh` is asked for. */
  large(): Promise<LargeSet>;
  say(what: string): void;
  close(): Promise<void>;
}

const LARGE = 5000;
const WARM_UP = 200;

export function createLab(scale: number): Lab {
  let server: ApiServer | undefined;
  let large: LargeSet | undefined;
  const begin = performance.now();

  const lab: Lab = {
    scaled: (objects) => Math.max(20, Math.round(objects * scale)),
    waitMs: (ms) => Math.max(1_000, ms * Math.min(1, scale)),
    async fresh() {
      await lab.close();
      server = await startControlPlane();
      // Caches of the API server and of the disk.
      await bareLoop(server.kubeconfig, mixedManifests(WARM_UP, 'warm-up'), { inFlight: 24 });
      await server.quiet();
      return server;
    },
    async large() {
      if (large) return large;
      const fresh = await lab.fresh();
      lab.say(`first sync of ${lab.scaled(LARGE)} objects`);
      large = await LargeSet.create(fresh, lab.scaled(LARGE), 'large');
      return large;
    },
    say(what) {
      process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(0).padStart(5)} s  ${what}\n`);
    },
    async close() {
      await large?.close();
      large = undefined;
      await server?.stop();
      server = undefined;
    },
  };
  return lab;
}
