import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { LockedChart } from '../../../src/resource/index.ts';
import { leaksOf, plant } from '../../support/canaries.ts';
import { thorough } from '../../support/sampled.ts';
import { ChartHost, json, setup, sha256 } from './chart-host.ts';

const ARCHIVE = Buffer.from('the archive of a chart');
const HOUR_MS = 3_600_000;

const answer =
  (status: number): ChartHost['intercept'] =>
  (_, response) => {
    json(response, status, {});
    return true;
  };

const SOURCES: readonly (readonly [string, (host: ChartHost, archive?: Buffer) => LockedChart])[] = [
  ['a registry', (host, archive = ARCHIVE) => host.push('1.2.3', archive)],
  ['a repository', (host, archive = ARCHIVE) => host.add('1.2.3', archive)],
];

describe.each(SOURCES)('an archive of %s', (name, publish) => {
  test('is fetched by its digest, once', async () => {
    const host = await ChartHost.start();
    const { archives } = setup();
    const chart = publish(host);
    const all = await Promise.all([archives.fetch(chart), archives.fetch(chart), archives.fetch(chart)]);
    expect(all).toEqual([ARCHIVE, ARCHIVE, ARCHIVE]);
    const blob = `/v2/charts/web/blobs/${chart.digest}`;
    expect(host.requests).toEqual(
      name === 'a registry'
        ? [
            `GET ${blob}`,
            'GET /token?service=it&scope=repository%3Acharts%2Fweb%3Apull',
            `GET ${blob}`,
            `GET /cdn/${chart.digest}`,
          ]
        : ['GET /stable/web-1.2.3.tgz'],
    );
    const sent = host.requests.length;
    expect(await archives.fetch(chart)).toEqual(ARCHIVE);
    expect(host.requests).toHaveLength(sent);
  });

  test('is fetched again when what was kept of it is lost, cut, or changed', async () => {
    const host = await ChartHost.start();
    const { archives, directory } = setup();
    const chart = publish(host);
    await archives.fetch(chart);
    const damages: readonly ((file: string) => void)[] = [
      rmSync,
      (file) => truncateSync(file, 3),
      (file) => writeFileSync(file, 'another archive'),
    ];
    for (const damage of damages) {
      const sent = host.requests.length;
      for (const file of readdirSync(directory)) damage(join(directory, file));
      expect(await archives.fetch(chart)).toEqual(ARCHIVE);
      expect(host.requests.length).toBeGreaterThan(sent);
    }
  });

  test('that does not match its digest is refused, and not kept', async () => {
    const host = await ChartHost.start();
    const { archives, clock, directory } = setup();
    const chart = publish(host);
    const other = { ...chart, digest: sha256('another archive') };
    host.files.set(`/cdn/${other.digest}`, ARCHIVE);
    await expect(archives.fetch(other)).rejects.toMatchObject({
      code: 'registry/digest-mismatch',
      message: expect.stringContaining(other.digest),
    });
    expect(readdirSync(directory)).toEqual([]);
    clock.advance(HOUR_MS);
    await expect(archives.fetch(other)).rejects.toMatchObject({ code: 'registry/digest-mismatch' });
  });

  test('of more than 32 MiB is refused', async () => {
    const host = await ChartHost.start();
    const { archives } = setup();
    const chart = publish(host, Buffer.alloc((32 << 20) + 1));
    await expect(archives.fetch(chart)).rejects.toMatchObject({ code: 'http/too-large' });
  });

  test('that cannot be had is asked for again after growing pauses, by all who want it', async () => {
    const host = await ChartHost.start();
    const { archives, clock } = setup();
    const chart = publish(host);
    let asked = 0;
    host.intercept = (_, response) => {
      asked += 1;
      json(response, 503, {});
      return true;
    };
    const failed = () => expect(archives.fetch(chart)).rejects.toMatchObject({ code: 'registry/unavailable' });
    await Promise.all([failed(), failed()]);
    await failed();
    expect(asked).toBe(1);
    const pauses: number[] = [];
    for (let seen = asked, waited = 0; pauses.length < 6; waited += 5_000) {
      clock.advance(5_000);
      await failed();
      if (asked === seen) continue;
      seen = asked;
      pauses.push(waited + 5_000);
      waited = -5_000;
    }
    expect(pauses[0]).toBeLessThanOrEqual(20_000);
    expect(pauses[3]).toBeGreaterThan(60_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(605_000);
    host.intercept = () => false;
    clock.advance(HOUR_MS);
    expect(await archives.fetch(chart)).toEqual(ARCHIVE);
  });

  test('is fetched for others when one stops waiting', async () => {
    const host = await ChartHost.start();
    const { archives } = setup();
    const chart = publish(host);
    const stopped = new AbortController();
    const [one, other] = [archives.fetch(chart, { signal: stopped.signal }), archives.fetch(chart)];
    stopped.abort(new Error('stopped'));
    await expect(one).rejects.toThrow('stopped');
    expect(await other).toEqual(ARCHIVE);
  });

  test('is fetched with the credential of its host, which is in no error and at no other host', async () => {
    const planted = plant('password');
    const [host, other] = [await ChartHost.start(), await ChartHost.start()];
    const { archives, clock } = setup({ credentials: { [host.host]: `me:${planted.password}` } });
    const chart = publish(host);
    expect(await archives.fetch(chart)).toEqual(ARCHIVE);
    const basic = `Basic ${Buffer.from(`me:${planted.password}`).toString('base64')}`;
    expect(host.headers.map(({ authorization }) => authorization)).toContain(basic);

    const lost = { ...chart, digest: sha256('x') };
    const outputs = new Map<string, string>();
    const echoes: readonly ((response: ServerResponse, echoed: string) => void)[] = [
      (response, echoed) => json(response, 403, { errors: [{ code: 'DENIED', message: echoed }] }),
      (response, echoed) => response.writeHead(500).end(echoed),
      (response, echoed) => response.writeHead(302, { location: `http://${other.host}/a?t=${encodeURIComponent(echoed)}` }).end(),
      (response, echoed) => response.writeHead(302, { location: `ftp://${encodeURIComponent(echoed)}@a.example/` }).end(echoed),
    ];
    for (const [index, echo] of echoes.entries()) {
      host.intercept = ({ headers: { authorization } }, response) => {
        if (authorization === undefined) return false;
        echo(response, authorization);
        return true;
      };
      clock.advance(HOUR_MS);
      const error = await archives.fetch(lost).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(FluxError);
      outputs.set(`error ${index}`, `${error} ${error instanceof FluxError ? error.help : ''}`);
    }
    expect(leaksOf(planted, outputs)).toEqual([]);
    expect(other.headers.length).toBeGreaterThan(0);
    expect(other.headers.map(({ authorization }) => authorization)).toEqual(other.headers.map(() => undefined));
  });

  test('without a credential that may, the error says where to put one', async () => {
    const host = await ChartHost.start();
    host.intercept = answer(401);
    const { archives } = setup();
    await expect(archives.fetch(publish(host))).rejects.toMatchObject({
      code: 'registry/unauthorized',
      help: expect.stringContaining('--docker-config'),
    });
  });
});

test('a source that fails does not keep another one with the same archive from being asked', async () => {
  const [host, broken] = [await ChartHost.start(), await ChartHost.start()];
  const { archives } = setup();
  const [good, bad] = [host.add('1.2.3', ARCHIVE), broken.add('1.2.3', ARCHIVE)];
  broken.intercept = answer(500);
  const [first, second] = await Promise.allSettled([archives.fetch(bad), archives.fetch(good)]);
  expect(first.status).toBe('rejected');
  expect(second).toMatchObject({ status: 'fulfilled', value: ARCHIVE });
  expect(await archives.fetch(bad)).toEqual(ARCHIVE);
});

test('a host that hangs holds up no other, and is waited for so long; what it sends in the end is used', async () => {
  const [host, hung] = [await ChartHost.start(), await ChartHost.start()];
  const { archives, clock } = setup({ patienceMs: 15_000 });
  const waiting: (() => void)[] = [];
  hung.intercept = (request, response) => {
    waiting.push(() => void response.end(hung.files.get(request.url ?? '')));
    return true;
  };
  const charts = Array.from({ length: 6 }, (_, n) => hung.add(`1.0.${n}`, Buffer.from(`archive ${n}`)));
  const refused = Promise.all(
    charts.map((chart) =>
      expect(archives.fetch(chart)).rejects.toMatchObject({
        code: 'helm/still-fetched',
        message: expect.stringContaining(hung.host),
      }),
    ),
  );
  await expect.poll(() => waiting.length).toBe(4);
  expect(await archives.fetch(host.add('1.0.0', ARCHIVE))).toEqual(ARCHIVE);
  clock.advance(15_000);
  await refused;
  const [first] = charts as [LockedChart];
  const again = archives.fetch(first);
  for (const answer of waiting) answer();
  expect(await again).toEqual(Buffer.from('archive 0'));
  expect(hung.requests.filter((request) => request.endsWith('web-1.0.0.tgz'))).toHaveLength(1);
});

test.runIf(thorough('charts of 310 MiB'))('archives that are used least make room, beyond 256 MiB', async () => {
  const host = await ChartHost.start();
  const { archives, directory } = setup();
  const charts = Array.from({ length: 10 }, (_, n) => host.add(`1.0.${n}`, Buffer.alloc(31 << 20, n)));
  for (const chart of charts) await archives.fetch(chart);
  await expect.poll(() => readdirSync(directory).length).toBe(8);
  const sent = host.requests.length;
  await archives.fetch(charts.at(-1) as LockedChart);
  expect(host.requests).toHaveLength(sent);
  await archives.fetch(charts[0] as LockedChart);
  expect(host.requests).toHaveLength(sent + 1);
});
