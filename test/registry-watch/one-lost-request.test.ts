import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpTransport, type HttpTransport } from '../../src/base/index.ts';
import { formatImageRef, type ImageRepository } from '../../src/image/index.ts';
import { decideNewest } from '../../src/update/decide.ts';
import { planRelease } from '../../src/update/release.ts';
import { sampled } from '../support/sampled.ts';
import { FakeRegistry, json, OCI_INDEX } from './fake-registry.ts';
import { setup } from './watch-of.ts';

type Fault = (request: IncomingMessage, response: ServerResponse) => void;

const NEVER: Fault = () => undefined;
const FAULTS: readonly (readonly [string, Fault])[] = [
  ['is answered 503', (_, response) => json(response, 503, {})],
  ['is answered 500', (_, response) => json(response, 500, {})],
  ['is answered 429 with a short pause', (_, response) => json(response, 429, {}, { 'retry-after': '1' })],
  ['is answered 429 with a long pause', (_, response) => json(response, 429, {}, { 'retry-after': '120' })],
  ['is answered 429', (_, response) => json(response, 429, {})],
  ['loses its connection', (request) => request.socket.destroy()],
  [
    'is cut in its answer',
    (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write('{"tags":["1.0.0"]', () => response.destroy());
    },
  ],
  ['is never answered', NEVER],
  ['is answered 404', (_, response) => json(response, 404, {})],
  ['is answered 403', (_, response) => json(response, 403, {})],
  ['is answered by another document', (_, response) => json(response, 200, { errors: [{ code: 'UNKNOWN' }] })],
];

const BY_VERSION = 'semver:*';
const BY_TIME = 'glob:main-*';

/** A registry that gives two tags a page, and those with a token only. */
async function startRegistry() {
  const registry = await new FakeRegistry().listen();
  onTestFinished(() => registry.close());
  const made = (day: number) => `2024-01-0${day}T00:00:00Z`;
  registry.push('1.0.0', made(1));
  registry.push('1.1.0', made(2));
  registry.tag(
    '1.3.0',
    registry.store(
      {
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: [{ digest: registry.push('1.2.0', made(3)), platform: { os: 'linux', architecture: 'amd64' } }],
      },
      OCI_INDEX,
    ),
  );
  registry.push('main-a', made(6));
  registry.push('main-b', made(5));
  const tags = ['1.0.0', '1.1.0', '1.2.0', '1.3.0', 'main-a', 'main-b'];
  const add = (tag: string) => {
    registry.push(tag, made(7));
    tags.push(tag);
    tags.sort();
  };
  let requests = 0;
  let lost: { readonly at: number; readonly fault: Fault } | undefined;
  registry.intercept = (request, response) => {
    requests += 1;
    const url = new URL(request.url ?? '', `http://${registry.host}`);
    if (requests === lost?.at) lost.fault(request, response);
    else if (url.pathname === '/token') json(response, 200, { token: 'secret', expires_in: 3600 });
    else if (request.headers.authorization !== 'Bearer secret')
      json(response, 401, {}, { 'www-authenticate': `Bearer realm="http://${registry.host}/token",service="it"` });
    else if (url.pathname.endsWith('/tags/list')) {
      const rest = tags.filter((tag) => tag > (url.searchParams.get('last') ?? ''));
      const page = rest.slice(0, 2);
      const next = `</v2/team/web/tags/list?n=2&last=${page.at(-1)}>; rel="next"`;
      json(response, 200, { name: 'team/web', tags: page }, rest.length > 2 ? { link: next } : {});
    } else return undefined;
    return true;
  };
  return {
    registry,
    add,
    /** Loses the nth request from now on. */
    lose(n: number, fault: Fault) {
      lost = { at: requests + n, fault };
    },
    wasLost: () => lost !== undefined && requests >= lost.at,
  };
}

/** As the daemon's, but that a request which is never answered is given up soon; and it is known whether one is on its way. */
function impatientHttp(fault: Fault): HttpTransport & { readonly isBusy: () => boolean } {
  const http = createHttpTransport();
  const timeout = fault === NEVER ? { timeoutMs: 1_000 } : {};
  let pending = 0;
  return {
    ...http,
    isBusy: () => pending > 0,
    async request(request) {
      pending += 1;
      try {
        return await http.request({ ...request, ...timeout });
      } finally {
        pending -= 1;
      }
    },
  };
}

function watchOf({ name }: FakeRegistry, fault: Fault) {
  const http = impatientHttp(fault);
  const it = { ...setup({ http }), isBusy: http.isBusy };
  onTestFinished(async () => {
    await it.close();
    http.close();
  });
  it.watch.watch([{ name, pullSecrets: [], inUse: ['1.0.0'], needsTimes: () => true }]);
  return it;
}

type It = ReturnType<typeof watchOf>;

/** Lets a scan end, and time go by for the pauses that it makes: only then, however slow this machine is. */
async function during<T>({ clock, isBusy }: It, work: Promise<T>): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  done.catch(() => undefined);
  while (!over) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (!isBusy()) clock.advance(200);
  }
  return done;
}

/** What would be written to Git for a container that has the image. */
function choices(name: string, repository: ImageRepository | undefined) {
  return [['1.0.0', BY_VERSION] as const, ['main-b', BY_TIME] as const].map(([tag, pattern]) => {
    const container = { name: 'web', image: `${name}:${tag}` };
    const decision = decideNewest({
      container,
      inGit: new Map([['tag.web', pattern]]),
      images: { repository: () => repository },
    });
    return decision.state === 'update' ? formatImageRef(decision.target) : undefined;
  });
}

/** All that is known, but when it was read. */
function factsOf(repository: ImageRepository | undefined) {
  const images = [...(repository?.images ?? [])].map(([tag, { fetchedAt: _, ...facts }]) => [tag, facts] as const);
  return { tags: repository?.tags, error: repository?.error, images: Object.fromEntries(images) };
}

/** Scans that look at all there is, one a minute, while the nth request of the first is lost. */
async function scans(n: number, fault: Fault) {
  const { registry, lose } = await startRegistry();
  const it = watchOf(registry, fault);
  lose(n, fault);
  const looks = [];
  for (let scan = 0; scan < 3; scan += 1) {
    await during(it, it.watch.scanNow(registry.name));
    const known = it.watch.repository(registry.name);
    looks.push({ chosen: choices(registry.name, known), facts: factsOf(known) });
    it.clock.advance(66_000);
  }
  return { looks, newest: [`${registry.name}:1.3.0`, `${registry.name}:main-a`], requests: registry.requests };
}

/** Of a scan from nothing; each one after it takes three for the list and one for the tag that runs. */
const REQUESTS = 18;

describe('one request of a scan', () => {
  test.for(sampled('ways to lose a request', FAULTS, 1))(
    'that %s: nothing is chosen on less than all that must be known, and a scan soon brings it',
    async ([, fault]) => {
      const clean = await scans(0, fault);
      expect(clean.looks[0]?.chosen).toEqual(clean.newest);
      expect(clean.requests).toHaveLength(REQUESTS + 2 * 4);
      const all = Array.from({ length: REQUESTS }, (_, index) => index + 1);
      for (const n of sampled('requests of a scan', all, 4)) {
        const { looks, newest, requests } = await scans(n, fault);
        for (const { chosen } of looks)
          for (const [index, choice] of chosen.entries()) expect([undefined, newest[index]], requests[n - 1]).toContain(choice);
        expect(looks.at(-1), requests[n - 1]).toEqual({ chosen: newest, facts: clean.looks.at(-1)?.facts });
      }
    },
  );
});

describe('one request of a release that names a tag pushed a moment ago', () => {
  test.for(sampled('ways to lose a request', FAULTS, 1))(
    'that %s: the tag is not called missing, and the next try finds it',
    async ([, fault]) => {
      for (let n = 1; n <= 3; n += 1) {
        const { registry, add, lose, wasLost } = await startRegistry();
        const it = watchOf(registry, fault);
        const release = () =>
          during(
            it,
            planRelease(
              { ServiceSpecs: ['<all>'], ImageSpec: `${registry.name}:1.4.0`, Kind: 'execute', Excludes: [], Force: false },
              {
                manifests: new Map(),
                readFile: () => Promise.reject(new Error('no file is needed')),
                workloads: { workloads: async () => [] },
                images: it.watch,
              },
            ),
          );
        await during(it, it.watch.scanNow(registry.name));
        await expect(release()).rejects.toMatchObject({ code: 'update/image-missing' });
        add('1.4.0');
        lose(n, fault);
        const outcome = await release().catch((error: unknown) => error);
        expect(wasLost()).toBe(true);
        // A connection that breaks when it is used again is opened anew by the client itself.
        if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'update/registry-failed' });
        it.clock.advance(120_000);
        expect(await release()).toEqual({ result: {}, edits: [] });
      }
    },
  );
});
