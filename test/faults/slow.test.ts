import { describe, expect, test } from 'vitest';
import type { Fault } from '../e2e/harness/fault.ts';
import { thorough } from '../support/sampled.ts';
import { startEngine } from './engine.ts';
import { maps, namespace, yaml } from './manifests.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const FILES = { 'namespace.yaml': yaml(namespace('shop')), ...maps(30) };

/** Syncs that began before the last one had ended. */
function overlaps(log: readonly { readonly msg: string }[]): number {
  let running = 0;
  let found = 0;
  for (const { msg } of log) {
    if (msg === 'sync started') found += running++ > 0 ? 1 : 0;
    if (msg === 'sync done' || msg === 'step failed') running = Math.max(0, running - 1);
  }
  return found;
}

/** Requests in flight, and a watch for each kind. */
const MOST_CONNECTIONS = 120;

describe('R-002: an API server that is slow, or hangs', () => {
  test.for([
    ['1 s', SECOND],
    ['10 s', 10 * SECOND],
  ] as const)('answers that take %s: the sync takes as long as it takes, and is whole', async ([, ms]) => {
    const engine = await startEngine(FILES, {
      before: ({ proxy }) => {
        proxy.intercept = () => ({ kind: 'delay', ms });
      },
    });
    await engine.time.until('synced', () => engine.repository.tag !== undefined, 5 * MINUTE);
    expect(engine.repository.record()?.counts).toEqual({ created: 31 });
    expect(overlaps(engine.log)).toBe(0);
  });

  test.for<[string, Fault]>([
    ['answers that take 59 s', { kind: 'delay', ms: 59 * SECOND }],
    ['no answers', { kind: 'hang', after: 'nothing' }],
    ['headers without a body', { kind: 'hang', after: 'headers' }],
  ])('%s: given up after a deadline, told, and synced within 30 s of its end', async ([, fault]) => {
    const engine = await startEngine(FILES, {
      before: ({ proxy }) => {
        proxy.intercept = () => fault;
      },
    });
    const { time, daemon, proxy, repository } = engine;
    const isTold = () => /timed out: .* no complete response within 30 s/.test(daemon.readiness().reason);
    await time.until('the trouble is told', isTold, 61 * SECOND);
    await time.pass(10 * MINUTE);
    expect(overlaps(engine.log)).toBe(0);
    const held = proxy.connections();

    proxy.intercept = undefined;
    // What hangs at that moment is given up first.
    await time.until('synced', () => repository.tag !== undefined, 60 * SECOND);
    expect(daemon.readiness().ready).toBe(true);
    expect(held).toBeLessThanOrEqual(MOST_CONNECTIONS);
    await time.pass(10 * MINUTE);
    expect(proxy.connections()).toBeLessThanOrEqual(MOST_CONNECTIONS);
  });

  test.runIf(thorough('writes that hang'))(
    'writes that hang: each is given up, many of them end the sync, and all are there soon after',
    async () => {
      const engine = await startEngine({ 'namespace.yaml': yaml(namespace('shop')) });
      const { time, repository, proxy, daemon } = engine;
      await time.until('synced', () => repository.tag !== undefined, MINUTE);
      proxy.intercept = ({ method }) => (method === 'PATCH' ? { kind: 'hang', after: 'nothing' } : undefined);
      const revision = repository.commit({ 'namespace.yaml': yaml(namespace('shop')), ...maps(300) });
      daemon.startSync();
      await time.until('synced', () => repository.tag === revision, 3 * MINUTE);
      expect(repository.record()?.counts).toEqual({ unchanged: 1, failed: 300 });
      expect(repository.record()?.changes[0]?.reason).toMatch(/no complete response within 30 s/);

      proxy.intercept = undefined;
      const isWhole = () => repository.record()?.counts.created === 300;
      await time.until('whole', isWhole, 30 * SECOND);
    },
  );
});
