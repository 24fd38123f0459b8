import { Agent, get, type IncomingHttpHeaders, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageTarget } from '../../src/image/index.ts';
import { parseTagPattern } from '../../src/policy/index.ts';
import { decideNewest } from '../../src/update/decide.ts';
import { atMost, type Case } from '../case.ts';
import { startImageWatch, TAGS_AT_ONCE } from '../image-watch.ts';
import { median } from '../measure.ts';
import { type Registry, startRegistry } from '../registry.ts';

const LARGE = 100_000;
const REPOSITORIES = 1000;
const IMAGES = 1000;
const ROUNDS = 7;
/** Scans of one registry at a time. */
const SCANS = 4;

/** A bare loop's connections, as many as ours. */
function bare(host: string, maxSockets: number) {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const ask = (path: string, method = 'GET') =>
    new Promise<{ readonly headers: IncomingHttpHeaders; readonly body: string }>((resolve, reject) => {
      const outgoing = (method === 'GET' ? get : request)(`http://${host}${path}`, { agent, method }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(pieces).toString() }));
      });
      outgoing.on('error', reject);
      if (method !== 'GET') outgoing.end();
    });
  return { ask, close: () => agent.destroy() };
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values();
  const one = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: width }, one));
}

function watchOf(targets: readonly ImageTarget[]) {
  const started = startImageWatch();
  started.watch.watch(targets);
  return started;
}

const plain = (name: string, more: Partial<ImageTarget> = {}): ImageTarget => ({ name, pullSecrets: [], ...more });

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** Ours and the bare loop's in turn; medians. */
async function beside(ours: () => Promise<number>, loop: () => Promise<number>) {
  const both: (readonly [number, number])[] = [];
  for (let round = 0; round < ROUNDS; round += 1) both.push([await ours(), await loop()]);
  return { ours: median(both.map(([ms]) => ms)), loop: median(both.map(([, ms]) => ms)) };
}

/** A semver policy over a large repository: all pages, then the decision. */
async function largeRepository(registry: Registry, tags: number) {
  const name = `${registry.host}/large`;
  let chosen = '';
  const ours = async () => {
    const { watch, close } = watchOf([plain(name)]);
    const ms = await timed(async () => {
      await watch.scanNow();
      const decision = decideNewest({
        container: { name: 'app', image: `${name}:1.0.0` },
        inGit: new Map([['tag.app', 'semver:~1']]),
        images: watch,
      });
      chosen = decision.state === 'update' ? decision.target.tag : JSON.stringify(decision);
    });
    await close();
    return ms;
  };
  const loop = async () => {
    const { ask, close } = bare(registry.host, 1);
    const ms = await timed(async () => {
      let next: string | undefined = '/v2/large/tags/list?n=1000';
      while (next !== undefined) {
        const { headers, body } = await ask(next);
        JSON.parse(body);
        next = /<([^>]+)>/.exec(String(headers.link ?? ''))?.[1];
      }
    });
    close();
    return ms;
  };
  await ours();
  await registry.counts();
  await ours();
  const counts = await registry.counts();
  const times = await beside(ours, loop);
  const newest = `1.${Math.floor((tags - 1) / 1000)}.${(tags - 1) % 1000}`;
  if (chosen !== newest) throw new Error(`chose ${chosen} instead of ${newest}`);
  return { ...times, counts };
}

/** Repositories without news, each with a running tag. */
async function rescan(registry: Registry, repositories: number) {
  const names = Array.from({ length: repositories }, (_, n) => `app/${n}`);
  const { watch, close } = watchOf(names.map((name) => plain(`${registry.host}/${name}`, { inUse: ['1.0.9'] })));
  const peer = bare(registry.host, SCANS);
  await watch.scanNow();
  // The dates of small repositories are read in the background.
  for (const name of names) while ((watch.repository(`${registry.host}/${name}`)?.images.size ?? 0) < 10) await sleep(10);
  await registry.counts();
  await watch.scanNow();
  const counts = await registry.counts();
  const ours = () => timed(() => watch.scanNow());
  const loop = () =>
    timed(() =>
      inParallel(names, SCANS, async (name) => {
        JSON.parse((await peer.ask(`/v2/${name}/tags/list?n=1000`)).body);
        await peer.ask(`/v2/${name}/manifests/1.0.9`, 'HEAD');
      }),
    );
  const times = await beside(ours, loop);
  await close();
  peer.close();
  return { ...times, counts };
}

/** Tags ordered by time: a manifest and a config of each. */
async function byTime(registry: Registry, images: number) {
  const name = `${registry.host}/builds`;
  const tags = Array.from({ length: images }, (_, n) => `main-${n}`);
  const { matches } = parseTagPattern('glob:main-*');
  const ours = async () => {
    const { watch, close } = watchOf([plain(name, { needsTimes: matches })]);
    const ms = await timed(async () => {
      while ((watch.repository(name)?.images.size ?? 0) < images) await watch.scanNow();
    });
    await close();
    return ms;
  };
  const loop = async () => {
    const { ask, close } = bare(registry.host, TAGS_AT_ONCE);
    const ms = await timed(async () => {
      await ask('/v2/builds/tags/list?n=1000');
      await inParallel(tags, TAGS_AT_ONCE, async (tag) => {
        const { config } = JSON.parse((await ask(`/v2/builds/manifests/${tag}`)).body);
        JSON.parse((await ask(`/v2/builds/blobs/${config.digest}`)).body);
      });
    });
    close();
    return ms;
  };
  await registry.counts();
  await ours();
  const counts = await registry.counts();
  return { ...(await beside(ours, loop)), counts };
}

/** The scanner beside a bare loop over the same registry, which answers from memory after 10 ms. */
export const registryScan: Case = {
  name: 'registry-scan',
  title: 'Scans beside a bare HTTP loop',
  async run(lab) {
    await lab.close();
    const [large, repositories, images] = [lab.scaled(LARGE), lab.scaled(REPOSITORIES), lab.scaled(IMAGES)];
    const registry = await startRegistry([large, repositories, images]);
    try {
      const pages = await largeRepository(registry, large);
      const again = await rescan(registry, repositories);
      const timedTags = await byTime(registry, images);
      const row = (what: string, { ours, loop, counts }: typeof pages) => [
        what,
        ours.toFixed(0),
        loop.toFixed(0),
        Object.entries(counts)
          .map(([kind, count]) => `${count} ${kind}`)
          .join(', '),
      ];
      const manifests = (pages.counts['GET manifests'] ?? 0) + (pages.counts['HEAD manifests'] ?? 0);
      const requests = Object.values(again.counts).reduce((sum, count) => sum + count, 0);
      return {
        notes: ['The registry answers each request after 10 ms, as one in the same region does.'],
        tables: [
          {
            header: [`median of ${ROUNDS}`, 'fluxd ms', 'bare loop ms', 'requests'],
            rows: [
              row(`a semver pattern over ${large} tags, cold`, pages),
              row(`${repositories} repositories without news, a running tag each`, again),
              row(`${images} tags by time, cold`, timedTags),
            ],
          },
        ],
        bounds: [
          atMost(`${large} tags and the decision / downloading the pages`, pages.ours / pages.loop, 1.1, { unit: '', digits: 2 }),
          atMost('requests for manifests for that', manifests, 2, { unit: '' }),
          atMost(`${repositories} repositories again / the loop`, again.ours / again.loop, 1.3, { unit: '', digits: 2 }),
          atMost('requests for each of them', requests / repositories, 2, { unit: '' }),
          atMost(`${images} tags by time / the loop`, timedTags.ours / timedTags.loop, 1.2, { unit: '', digits: 2 }),
        ],
      };
    } finally {
      registry.stop();
    }
  },
};
