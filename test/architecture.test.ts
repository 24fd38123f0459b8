import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What each room may import; docs/architecture.md draws the same. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  image: ['base'],
  resource: ['base', 'image'],
  policy: ['base', 'image', 'resource'],
  change: ['base', 'resource'],
  repository: ['base'],
  schedule: ['base'],
  config: ['base', 'resource', 'image', 'policy'],
  git: ['base', 'resource', 'image', 'policy', 'repository'],
  'git-host': ['base'],
  manifests: ['base', 'resource', 'image', 'policy', 'repository'],
  cluster: ['base', 'resource', 'image', 'policy', 'change'],
  'registry-watch': ['base', 'resource', 'image', 'policy'],
  record: ['base', 'resource', 'image', 'policy'],
  notify: ['base', 'resource', 'image', 'policy', 'change', 'record'],
  sandbox: ['base', 'repository'],
  sim: ['base'],
  update: ['base', 'resource', 'image', 'policy', 'repository', 'schedule', 'manifests'],
  controller: [
    'base',
    'resource',
    'image',
    'policy',
    'change',
    'repository',
    'schedule',
    'config',
    'git',
    'git-host',
    'manifests',
    'cluster',
    'registry-watch',
    'record',
    'sandbox',
    'notify',
    'update',
  ],
  api: ['base', 'resource', 'image', 'policy', 'change', 'repository', 'update', 'controller'],
  cli: [
    'base',
    'resource',
    'image',
    'policy',
    'repository',
    'config',
    'git',
    'manifests',
    'record',
    'registry-watch',
    'sandbox',
    'api/client',
    'api/wire',
    'api/proxy',
    'cluster/live',
    'cluster/port-forward',
  ],
};

/** Doors besides a room's own index: fluxctl starts through them without the heavy packages. */
const SIDE_DOORS = [
  'api/client/index.ts',
  'api/wire/index.ts',
  'cluster/port-forward/index.ts',
  'api/proxy/index.ts',
  'cluster/live/index.ts',
];

/** One owner for each third-party package. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  'simple-git': ['src/git/'],
  'js-yaml': ['src/base/yaml'],
  tldts: ['src/registry-watch'],
  '@sigstore/bundle': ['src/registry-watch/signatures/'],
  '@sigstore/protobuf-specs': ['src/registry-watch/signatures/'],
  '@sigstore/verify': ['src/registry-watch/signatures/'],
  '@sigstore/mock': [],
  '@noble/curves': ['src/registry-watch/signatures/'],
  '@redis/client': ['src/registry-watch/cache/redis.ts'],
  '@kubernetes/client-node': ['src/cluster/'],
  'age-encryption': ['src/manifests/decryption/'],
  commander: ['src/cli/'],
  re2js: ['src/policy/'],
  cron: ['src/schedule/'],
  semver: [],
  'tar-stream': [],
  pino: ['src/base/log.ts'],
  'pino-pretty': ['src/base/log.ts'],
  jose: ['src/api/jwt/', 'src/api/oidc/', 'src/api/webhooks/google/'],
  'prom-client': ['src/base/metrics.ts'],
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const codeIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) => /\.m?ts$/.test(file));
const sources = codeIn('src');
const imports: readonly Import[] = sources.flatMap((file) => {
  const text = readFileSync(join(root, 'src', file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => ({ file, specifier: match[1] ?? '' }));
});

/** Circles of imports, each named from a file on it around to the same file. None is missed altogether; of entangled ones some are named. */
function circles(graph: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const found: string[] = [];
  const path: string[] = [];
  const done = new Set<string>();
  const visit = (file: string) => {
    const start = path.indexOf(file);
    if (start !== -1) found.push([...path.slice(start), file].join(' → '));
    if (start !== -1 || done.has(file)) return;
    path.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of graph.keys()) visit(file);
  return found;
}

/** Who asks for the time of day, and what for; all other waiting and ageing goes by the monotonic clock. */
const TIME_OF_DAY: Readonly<Record<string, string>> = {
  'api/oidc/id-token.ts': 'whether a token has expired',
  'api/v1/events.ts': 'a name for this run of the daemon',
  'api/webhooks/google/identity.ts': 'whether a token has expired',
  'base/clock.ts': 'when something began',
  'base/log-limit.ts': 'the time of a line',
  'cli/commands/history.ts': 'a time that is given as a duration',
  'cli/commands/list-images.ts': 'how long ago a scan was',
  'cli/commands/why.ts': 'ages of what has a time',
  'cli/doctor/examine.ts': 'ages of what bears a time',
  'cluster/connection/transport.ts': 'a date in Retry-After',
  'cluster/event/object-events.ts': 'times of Events',
  'cluster/health/health-now.ts': 'deadlines of workloads, which are times of day',
  'cluster/health/watch-health.ts': 'deadlines of workloads, which are times of day',
  'cluster/lease/election.ts': 'times in the Lease',
  'cluster/lease/fence.ts': 'beside the monotonic clock, which may stand still while a machine sleeps',
  'cluster/lease/release.ts': 'times in the Lease',
  'controller/jobs/apply-update.ts': 'the time of an event',
  'controller/daemon/suspending.ts': 'when automation was suspended',
  'controller/jobs/notice.ts': 'when a tag was first seen',
  'controller/jobs/timing.ts': 'whether a window is open',
  'controller/loop/alarm.ts': 'whether a window opens',
  'controller/leadership/election.ts': 'when a sync ended',
  'controller/loop/loop.ts': 'since when a step fails, to show',
  'controller/loop/report-branch.ts': 'an event',
  'controller/loop/steps.ts': 'when a sync began and ended',
  'controller/loop/sync-step.ts': 'the end of a requested sync, to show',
  'controller/rollout/rollouts.ts': 'times of commits, within an hour and a day',
  'controller/sync/sync-recorder.ts': 'the time of a record',
  'controller/sync/sync-window.ts': 'whether a window is open',
  'git/credentials/installation-token.ts': 'GitHub checks when the App says that it made its token',
  'git-host/api.ts': 'a date in Retry-After',
  'git/commands/write.ts': 'times of commits',
  'git/publish.ts': 'times of commits',
  'registry-watch/cache/disk.ts': 'when entries were written, since they expire',
  'registry-watch/cache/entry-reader.ts': 'times that outlast a restart',
  'registry-watch/cache/entry-writer.ts': 'times that outlast a restart',
  'registry-watch/cache/guarded-store.ts': 'since when it fails, for people',
  'registry-watch/cache/image-cache.ts': 'times that outlast a restart',
  'registry-watch/credentials/ecr.ts': 'the time of a signature',
  'registry-watch/credentials/renewal.ts': 'until when a credential is valid, which its service states as a time of day',
  'registry-watch/exchange.ts': 'a date in Retry-After',
  'registry-watch/scan.ts': 'when tags were listed',
  'registry-watch/signatures/verify-asked.ts': 'when signatures are looked at again',
  'registry-watch/spending.ts': 'the end of a window, which some registries give as a time of day',
  'registry-watch/tag-refresh.ts': 'when an image was looked at',
  'registry-watch/visit.ts': 'when an image was looked at',
};

const roomOf = (path: string) => path.split('/')[0] ?? '';

describe('rooms', () => {
  test('every folder of src is a known room', () => {
    const rooms = new Set(sources.map(roomOf));
    expect([...rooms].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
  });

  test('import only what stands to their right, and only through the door', () => {
    const broken = imports.flatMap(({ file, specifier }) => {
      if (!specifier.startsWith('.')) return [];
      const target = relative('.', join(dirname(file), specifier));
      const [from, to] = [roomOf(file), roomOf(target)];
      if (from === to) return [];
      const side = SIDE_DOORS.find((door) => target === door);
      const allowed = MAY_IMPORT[from] ?? [];
      if (side ? allowed.includes(dirname(side)) || allowed.includes(to) : allowed.includes(to) && target === `${to}/index.ts`)
        return [];
      return [`${file} imports ${target}`];
    });
    expect(broken).toEqual([]);
  });

  test('no file leads back to itself', () => {
    const graph = new Map(
      sources.map((file) => [
        file,
        imports.flatMap((each) =>
          each.file === file && each.specifier.startsWith('.') ? [relative('.', join(dirname(file), each.specifier))] : [],
        ),
      ]),
    );
    expect(circles(graph)).toEqual([]);
  });

  test('a package is imported by its owner only', () => {
    const broken = imports.flatMap(({ file, specifier }) => {
      const owner = Object.entries(OWNERS).find(([name]) => specifier === name || specifier.startsWith(`${name}/`))?.[1];
      return owner && !owner.some((prefix) => `src/${file}`.startsWith(prefix)) ? [`${file} imports ${specifier}`] : [];
    });
    expect(broken).toEqual([]);
  });

  test('environment, arguments, wall clock and timers stay at the edges', () => {
    const edge = /^(config\/|base\/clock\.ts|base\/http\.ts|sim\/)/;
    const broken = sources
      .filter((file) => !edge.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(root, 'src', file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
        return [...text.matchAll(/\bprocess\.(env|argv)\b|\bDate\.now\b|\bnew Date\(\)|\bset(?:Timeout|Interval)\(/g)].map(
          (match) => `${file}: ${match[0]}`,
        );
      });
    expect(broken).toEqual([]);
  });

  test('no value is cast through unknown: what a type does not say is narrowed, or parsed at the edge', () => {
    const casts = ['src', 'test', 'bench', 'tools']
      .flatMap((folder) => codeIn(folder).map((file) => join(folder, file)))
      .filter((file) => /\bas unknown as\b/.test(readFileSync(join(root, file), 'utf8')));
    expect(casts).toEqual([]);
  });

  test('node:http is used without undici, which an import of it loads', () => {
    const importing = sources.filter((file) =>
      /^import (?!type\b)[^;]*'(?:node:)?http'/m.test(readFileSync(join(root, 'src', file), 'utf8')),
    );
    expect(importing).toEqual([]);
    const program = `await import('${join(root, 'src/api/index.ts')}');
      console.log(process.moduleLoadList.filter((name) => / http$|undici/.test(name)).join());`;
    const loaded = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(loaded).toContain('NativeModule http');
    expect(loaded).not.toContain('undici');
  });

  test('a revision is accepted for syncs and updates in one place', () => {
    const accepting = sources.filter((file) => /\bas AcceptedRevision\b/.test(readFileSync(join(root, 'src', file), 'utf8')));
    expect(accepting).toEqual(['git/accept.ts']);
  });

  test('the time of day is asked for only to be written down, or to be compared with one that is (R-066)', () => {
    const asking = sources.filter(
      (file) => !file.startsWith('sim/') && /clock\.now\(\)/.test(readFileSync(join(root, 'src', file), 'utf8')),
    );
    expect(asking.toSorted()).toEqual(Object.keys(TIME_OF_DAY).toSorted());
  });
});
