import { onTestFinished } from 'vitest';
import type { ImageTarget } from '../../../src/image/index.ts';
import { until } from '../../support/until.ts';
import { FakeRegistry } from '../fake-registry.ts';
import { type Setup, setup } from '../watch-of.ts';
import { MapStore } from './map-store.ts';

export const SECRET = 'a secret of thirty-two characters';
export const made = (day: number) => `2024-01-${String(day).padStart(2, '0')}T00:00:00Z`;

export type RestartOptions = NonNullable<Parameters<typeof setup>[0]> &
  Pick<Partial<ImageTarget>, 'inUse' | 'needsTimes'> & { readonly afterMs?: number };

/** Daemons that watch one repository, one after the other, and remember it in one store. */
export class Restarts {
  readonly store = new MapStore();
  readonly registry: FakeRegistry;

  private constructor(registry: FakeRegistry) {
    this.registry = registry;
  }

  /** With nine images, `1.0.1` to `1.0.9`, made on as many days. */
  static async begin(): Promise<Restarts> {
    const registry = await new FakeRegistry().listen();
    onTestFinished(() => registry.close());
    for (let day = 1; day <= 9; day += 1) registry.push(`1.0.${day}`, made(day));
    return new Restarts(registry);
  }

  /** A daemon, `afterMs` after the last one. */
  start({ afterMs = 0, inUse = [], needsTimes = () => true, ...options }: RestartOptions = {}): Setup {
    const it = setup({ cache: { store: this.store, secret: SECRET }, ...options });
    it.clock.advance(afterMs);
    it.watch.watch([{ name: this.registry.name, pullSecrets: [], inUse, needsTimes }]);
    it.watch.start();
    return it;
  }

  known({ watch }: Setup) {
    return watch.repository(this.registry.name);
  }

  scanned(it: Setup): Promise<void> {
    return until('the repository is known', () => this.known(it)?.scannedAt !== undefined);
  }

  /** What a daemon knows after its first scan; it is stopped then. */
  async firstRun(options: RestartOptions = {}) {
    const it = this.start(options);
    await this.scanned(it);
    await it.watch.scanNow();
    const repository = this.known(it);
    await it.close();
    this.registry.requests.length = 0;
    return repository;
  }
}

/** Lets time pass, half a second after the other, until it holds. */
export function passUntil({ clock }: Setup, what: string, holds: () => boolean): Promise<void> {
  return until(what, () => {
    clock.advance(500);
    return holds();
  });
}

/** Lets time pass until the work is done. */
export async function passWhile(it: Setup, work: Promise<unknown>): Promise<void> {
  let isDone = false;
  void work.finally(() => {
    isDone = true;
  });
  await passUntil(it, 'it is done', () => isDone);
}
