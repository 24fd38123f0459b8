import { type Clock, FluxError } from '../../base/index.ts';
import type { GitHost } from '../../git-host/index.ts';

export interface GuardOptions {
  /** @throws FluxError if this daemon may not write. */
  readonly mayWrite: () => void;
  /** Called after each answer. */
  readonly onProgress: () => void;
  readonly clock: Clock;
}

/** The host, left alone for as long as it asks to wait, and changed only while this daemon may write. */
export function guarded(host: GitHost, { mayWrite, onProgress, clock }: GuardOptions): GitHost {
  let pause: { readonly error: FluxError; readonly until: number } | undefined;

  async function ask<T>(work: () => Promise<T>): Promise<T> {
    if (pause && clock.monotonic() < pause.until) throw pause.error;
    pause = undefined;
    try {
      return await work();
    } catch (error) {
      const retryMs = error instanceof FluxError && 'retryMs' in error ? error.retryMs : undefined;
      if (error instanceof FluxError && typeof retryMs === 'number') pause = { error, until: clock.monotonic() + retryMs };
      throw error;
    } finally {
      onProgress();
    }
  }

  function change<T>(work: () => Promise<T>): Promise<T> {
    return ask(async () => {
      mayWrite();
      return work();
    });
  }

  const { mergeLater } = host;
  return {
    name: host.name,
    limits: host.limits,
    find: (branches, cancel) => ask(() => host.find(branches, cancel)),
    create: (branches, text, cancel) => change(() => host.create(branches, text, cancel)),
    equip: (request, cancel) => change(() => host.equip(request, cancel)),
    ...(mergeLater ? { mergeLater: (request, cancel) => change(() => mergeLater(request, cancel)) } : {}),
    update: (request, text, cancel) => change(() => host.update(request, text, cancel)),
    close: (request, cancel) => change(() => host.close(request, cancel)),
  };
}
