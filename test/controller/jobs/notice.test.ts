import { Writable } from 'node:stream';
import { beforeEach, expect, test } from 'vitest';
import { createLogger, FluxError } from '../../../src/base/index.ts';
import { createNotice } from '../../../src/controller/jobs/notice.ts';
import type { PendingUpdates } from '../../../src/controller/jobs/pending-updates.ts';
import { createTiming } from '../../../src/controller/jobs/timing.ts';
import { createAutomationMemory } from '../../../src/controller/memory/automation-memory.ts';
import type { ImageWatch } from '../../../src/controller/ports/image-watch.ts';
import { parseMinAge } from '../../../src/policy/index.ts';
import { createGates } from '../../../src/schedule/index.ts';
import { planAutomation } from '../../../src/update/index.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partOf } from '../../support/part-of.ts';
import { contextOf, workload } from '../../update/world.ts';

const ID = 'shop:deployment/app';
const HOUR = 3_600_000;
const unreachable = new FluxError('connection refused', { code: 'cluster/unreachable' });

let data: Record<string, string>;
let error: FluxError | undefined;
let clock: ManualClock;
let log: { readonly msg: string }[];

beforeEach(() => {
  data = {};
  error = undefined;
  clock = new ManualClock();
  log = [];
});

/** A daemon that has just begun to lead; what it would commit for an image that is newer. */
async function daemon() {
  const destination = new Writable({
    write(chunk, _encoding, done) {
      log.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const logger = await createLogger({ format: 'json', destination });
  const store = {
    name: 'flux-1',
    read: async () => {
      if (error) throw error;
      return { ...data };
    },
    write: async (more: Readonly<Record<string, string>>) => void Object.assign(data, more),
  };
  const memory = createAutomationMemory({ store, clock, log: logger, stopping: new AbortController().signal });
  const app = workload('Deployment', 'app', {
    namespace: 'shop',
    annotations: { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.c1': 'semver:*' },
    containers: [['c1', 'one/app:1.0.0']],
  });
  const registry = { 'index.docker.io/one/app': { '1.0.0': { digest: 'a' }, '1.1.0': { digest: 'b' } } };
  const context = contextOf({
    files: {},
    manifests: { [ID]: { file: 'app.yaml', object: app.object } },
    running: [ID],
    registry,
  });
  const images = partOf<ImageWatch>(context.images);
  const minAge = parseMinAge('72h');
  const pending = partOf<PendingUpdates>({ gathering: undefined });
  const rollouts = { revertHeldUntil: () => undefined };
  const timing = createTiming({
    gates: createGates({}),
    minAge,
    memory,
    pending,
    rollouts,
    source: { access: 'read-write' },
    clock,
  });
  const notice = createNotice({ memory, images, minAge, clock, log: logger });
  return {
    memory,
    async look() {
      await notice(context.manifests, {});
      return planAutomation({ ...context, timing: timing() });
    },
  };
}

test('what is seen first now is old enough after the age, also of a daemon that started meanwhile', async () => {
  const first = await daemon();
  expect(await first.look()).toMatchObject({ spec: undefined, nextAt: clock.now() + 72 * HOUR });
  // Written in the background.
  clock.advance(1_000);
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(71 * HOUR);
  const second = await daemon();
  expect((await second.look()).decisions).toMatchObject([{ decision: { state: 'waiting', for: { kind: 'min-age' } } }]);
  clock.advance(HOUR);
  expect((await second.look()).spec?.Changes.map(({ ImageID }) => ImageID)).toEqual(['one/app:1.1.0']);
});

test('while it is unknown whether automation is suspended, it does nothing', async () => {
  error = unreachable;
  const { look } = await daemon();
  await expect(look()).rejects.toBe(unreachable);
});

test('a suspension is logged once, by each daemon that finds it', async () => {
  data.suspension = JSON.stringify({ user: 'Ann', message: 'audit', since: '2026-12-01T00:00:00Z' });
  const { look } = await daemon();
  expect(await look()).toMatchObject({
    spec: undefined,
    decisions: [{ decision: { state: 'held', by: { kind: 'suspended' } } }],
  });
  await look();
  expect(log).toMatchObject([{ msg: 'automation is suspended', user: 'Ann', message: 'audit', since: '2026-12-01T00:00:00Z' }]);
});
