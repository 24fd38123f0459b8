import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { createMetrics } from '../../src/base/index.ts';
import { sampled } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { daemonOf, send, sendRaw, serveByTls } from './daemon-fixture.ts';
import { FLOODS, type FloodKind } from './floods/kinds.ts';

/** The kubelet waits 5 s for a probe. What counts here is the time that the daemon works until it answers: the machine has other work too. */
const PROBE_MS = 2500;
const PROBES = 5;
/** What a flood may have the daemon hold; a container has 1 GiB. */
const MAX_HELD_BYTES = 200 * 2 ** 20;

const CLIENT = fileURLToPath(new URL('floods/client.ts', import.meta.url));
const counts = { floods: 0, tried: 0, held: 0 };

afterAll(() => console.log(`floods: ${counts.floods}, requests tried: ${counts.tried}, floods held: ${counts.held}`));

/** A flood from another process; resolves, when it is stopped, to how many requests it tried. */
async function flood(port: number, kind: FloodKind) {
  const client = spawn(process.execPath, [CLIENT, String(port), kind], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void client.kill('SIGKILL'));
  let said = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(client.stdout, 'data');
  return async () => {
    client.stdin.end();
    await once(client, 'close');
    return Number(said.trim().split('\n').at(-1));
  };
}

/** Metrics as they are after years of every outcome: rendering them takes tens of milliseconds. */
async function fullMetrics() {
  const metrics = await createMetrics({ version: '1' });
  for (let n = 0; n < 500; n++) {
    for (const status of [200, 403, 404, 503]) metrics.request({ method: 'GET', route: `Route${n}`, status, seconds: n / 1000 });
  }
  let renders = 0;
  return {
    renders: () => renders,
    render: () => {
      renders += 1;
      return metrics.render();
    },
  };
}

test.each(sampled('floods', Object.keys(FLOODS) as FloodKind[], 4))(
  'S-076: /healthz answers under a flood of %s',
  async (kind) => {
    counts.floods += 1;
    const metrics = await fullMetrics();
    await using api = await serveByTls(daemonOf(), async () => ({ outcome: 'unknown-token' }), '10.1.2.3', {
      metrics: metrics.render,
    });
    const startedAt = performance.now();
    const before = process.memoryUsage.rss();
    const stop = await flood(api.port, kind);
    let held = 0;
    for (let n = 0; n < PROBES; n++) {
      const working = process.cpuUsage();
      expect((await send(api.port, '/healthz')).status, `probe ${n}`).toBe(200);
      const { user, system } = process.cpuUsage(working);
      expect((user + system) / 1000, `probe ${n}`).toBeLessThan(PROBE_MS);
      held = Math.max(held, process.memoryUsage.rss() - before);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const tried = await stop();
    counts.tried += tried;
    expect(tried).toBeGreaterThanOrEqual(FLOODS[kind].connections);
    expect(metrics.renders()).toBeLessThanOrEqual(1 + (performance.now() - startedAt) / 1000);
    expect(held).toBeLessThan(MAX_HELD_BYTES);
    counts.held += 1;
  },
);

test('S-076: pipelined requests are answered in their order, one at a time', async () => {
  let [running, most, served] = [0, 0, 0];
  const daemon = daemonOf({
    syncStatus: async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      served += 1;
      return [`r${served}`];
    },
  });
  await using api = await serveByTls(daemon, async () => ({ outcome: 'unknown-token' }), '127.0.0.1');
  const ask = (more = '') => `GET /api/flux/v6/sync?ref=x HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

  const answers = await sendRaw(api.port, ask().repeat(9) + ask('Connection: close\r\n'));
  expect(answers.match(/r\d+/g)).toEqual(Array.from({ length: 10 }, (_, n) => `r${n + 1}`));
  expect(most).toBe(1);
});

test('S-076: one client has 16 requests worked on at once; the others wait, and all are answered', async () => {
  let [running, most] = [0, 0];
  const full = Promise.withResolvers<void>();
  const daemon = daemonOf({
    listWorkloads: async () => {
      most = Math.max(most, ++running);
      await full.promise;
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return [];
    },
  });
  await using api = await serveByTls(daemon, async () => ({ outcome: 'unknown-token' }), '127.0.0.1');
  const path = '/api/flux/v11/services?namespace=';
  const asked = Promise.all(Array.from({ length: 60 }, () => send(api.port, path, { headers: { host: 'localhost' } })));
  await until('as many as may be are worked on', () => running === 16);
  full.resolve();
  const answers = await asked;
  expect(answers.map(({ status }) => status)).toEqual(Array(60).fill(200));
  expect(most).toBe(16);
});
