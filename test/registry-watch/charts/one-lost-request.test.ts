import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ChartArchives } from '../../../src/registry-watch/index.ts';
import { sampled } from '../../support/sampled.ts';
import type { DeadlineClock } from '../fake-clock.ts';
import { ChartHost, type Fault, json, setup } from './chart-host.ts';

const ARCHIVE = Buffer.from('the archive of a chart');

/** By the time that passes meanwhile: a request that is never answered is given up. */
const FAULTS: readonly (readonly [string, (clock: DeadlineClock) => Fault])[] = [
  ['loses its connection', () => (request) => request.socket.destroy()],
  [
    'is cut in its answer',
    () => (_, response) => {
      response.writeHead(200, { 'content-length': '5000' });
      response.write('the arch', () => response.destroy());
    },
  ],
  ['is answered with too little', () => (_, response) => void response.writeHead(200, { 'content-length': '8' }).end('the arch')],
  [
    'is answered without a length, and cut',
    () => (_, response) => void response.writeHead(200).write('the arch', () => response.destroy()),
  ],
  ['is never answered', (clock) => () => void setImmediate(() => clock.advance(61_000))],
  ['is answered 401', () => (_, response) => json(response, 401, {})],
  ['is answered 403', () => (_, response) => json(response, 403, {})],
  ['is answered 404', () => (_, response) => json(response, 404, {})],
  ['is answered 429', () => (_, response) => json(response, 429, {})],
  ['is answered 429 with a short pause', () => (_, response) => json(response, 429, {}, { 'retry-after': '1' })],
  ['is answered 429 with a long pause', () => (_, response) => json(response, 429, {}, { 'retry-after': '120' })],
  ['is answered 500', () => (_, response) => json(response, 500, {})],
  ['is answered 502', () => (_, response) => void response.writeHead(502).end('<html>')],
  ['is answered 503', () => (_, response) => json(response, 503, {})],
  ['is answered by a page', () => (_, response) => void response.writeHead(200).end('<html>')],
  [
    'is redirected to a metadata service',
    () => (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  ],
  ['is redirected in a circle', () => (request, response) => void response.writeHead(302, { location: request.url }).end()],
];

type Work = (archives: ChartArchives) => Promise<unknown>;

const WORKS: readonly (readonly [string, number, (host: ChartHost) => Work])[] = [
  [
    'an archive of a registry',
    4,
    (host) => {
      const chart = host.push('1.2.3', ARCHIVE);
      return (archives) => archives.fetch(chart);
    },
  ],
  [
    'an archive of a repository',
    1,
    (host) => {
      const chart = host.add('1.2.3', ARCHIVE);
      return (archives) => archives.fetch(chart);
    },
  ],
  [
    'the newest version in a registry',
    5,
    (host) => {
      for (const version of ['1.0.0', '1.1.0', '1.2.3']) host.push(version, ARCHIVE);
      return (archives) => archives.resolve({ kind: 'oci', url: `oci://${host.host}/charts/web`, version: '1.x' });
    },
  ],
  [
    'the newest version in a repository',
    2,
    (host) => {
      const { digest } = host.add('1.2.3', ARCHIVE);
      host.files.set(
        '/stable/index.yaml',
        `entries:\n  web:\n  - version: 1.2.3\n    urls: [web-1.2.3.tgz]\n    digest: ${digest.slice(7)}\n`,
      );
      return (archives) =>
        archives.resolve({ kind: 'repository', repository: `http://${host.host}/stable`, name: 'web', version: '1.x' });
    },
  ],
];

describe.each(WORKS)('%s is found in the end, whichever of its %i requests', (_, requests, of) => {
  test.each(sampled('ways to lose a request', FAULTS, 4))('%s', async (_, fault) => {
    for (let lost = 1; lost <= requests; lost += 1) {
      const host = await ChartHost.start();
      const work = of(host);
      const expected = await work(setup().archives);
      expect(host.requests).toHaveLength(requests);
      const { archives, clock } = setup();
      let seen = 0;
      host.intercept = (request, response) => {
        seen += 1;
        if (seen !== lost) return false;
        fault(clock)(request, response);
        return true;
      };
      let result: unknown;
      for (let attempts = 0; attempts < 3 && result === undefined; attempts += 1) {
        result = await work(archives).catch((error: unknown) => {
          expect(error).toBeInstanceOf(FluxError);
          return undefined;
        });
        clock.advance(3_600_000);
      }
      expect(seen).toBeGreaterThanOrEqual(lost);
      expect(result).toEqual(expected);
    }
  });
});

test('a host at which nothing listens is asked again later', async () => {
  const host = await ChartHost.start();
  const chart = host.add('1.2.3', ARCHIVE);
  const port = Number(host.host.split(':')[1]);
  host.close();
  const { archives, clock } = setup();
  await expect(archives.fetch(chart)).rejects.toMatchObject({ code: 'http/connection' });
  (await ChartHost.start(port)).add('1.2.3', ARCHIVE);
  clock.advance(3_600_000);
  expect(await archives.fetch(chart)).toEqual(ARCHIVE);
});
