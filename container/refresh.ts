import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './command.ts';
import { ARCHITECTURE, DEBIAN, GO_TOOLS, type GoTool } from './contents.ts';
import { type Control, closure, parseControl } from './control.ts';
import type { DebianLock, LockedPackage } from './debian-lock.ts';
import { GO_ENVIRONMENT, TOOLS } from './parts/go-tool.ts';

/** Signs Debian's releases; on a machine of another distribution it comes with the package debian-archive-keyring. */
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Locks what Debian and the Go module proxy offer now: versions, places and hashes. */
export async function refresh(lockFile: string): Promise<void> {
  const packages = await resolveDebian();
  const lock: DebianLock = { created: new Date(Math.floor(Date.now() / 1000) * 1000).toISOString(), packages };
  await writeFile(lockFile, `${JSON.stringify(lock, undefined, 2)}\n`);
  process.stdout.write(`${lockFile}: ${packages.length} packages\n`);
  for (const tool of GO_TOOLS) await refreshTool(tool);
  await refreshSandbox();
}

/** Asks apt, which checks Debian's signatures, with lists and settings of its own, so that the machine's stay as they are. */
async function resolveDebian(): Promise<readonly LockedPackage[]> {
  const work = await mkdtemp(join(tmpdir(), 'flux-apt-'));
  try {
    for (const directory of ['lists/partial', 'cache/archives/partial']) await mkdir(join(work, directory), { recursive: true });
    const sources = DEBIAN.suites.map(
      ({ uri, suite }) => `deb [signed-by=${KEYRING} arch=${ARCHITECTURE}] ${uri} ${suite} main\n`,
    );
    await writeFile(join(work, 'sources.list'), sources.join(''));
    await writeFile(join(work, 'status'), '');
    const settings = {
      'Dir::State': work,
      'Dir::State::lists': join(work, 'lists'),
      'Dir::State::status': join(work, 'status'),
      'Dir::Cache': join(work, 'cache'),
      'Dir::Etc::sourcelist': join(work, 'sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'APT::Architecture': ARCHITECTURE,
      'APT::Architectures': ARCHITECTURE,
      'Acquire::Languages': 'none',
    };
    const config = join(work, 'apt.conf');
    await writeFile(
      config,
      Object.entries(settings)
        .map(([name, value]) => `${name} "${value}";\n`)
        .join(''),
    );
    const env = { APT_CONFIG: config };
    await run('apt-get', ['update', '--error-on=any'], { env });
    const controls = new Map<string, Control>();
    for (const text of (await run('apt-cache', ['dumpavail'], { env })).split('\n\n')) {
      const control = parseControl(text);
      if (control.Package !== undefined) controls.set(control.Package, control);
    }
    const needed = closure(Object.values(DEBIAN.packages).flat(), Object.keys(DEBIAN.without), (name) => controls.get(name));
    const names = needed.flatMap(({ Package }) => Package ?? []);
    const places = parsePlaces(await run('apt-get', ['download', '--print-uris', ...names], { env }));
    return needed.map((control) => lockedPackage(control, places));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

type Place = Omit<LockedPackage, 'name' | 'version'>;

/** Reads lines of `apt-get download --print-uris`: `'URL' FILE SIZE SHA256:HASH`; the file begins with name and version. */
export function parsePlaces(printed: string): ReadonlyMap<string, Place> {
  const lines = [...printed.matchAll(/^'(\S+)' (\S+) (\d+) SHA256:([0-9a-f]{64})$/gm)];
  return new Map(
    lines.map(([, url = '', file = '', size, sha256 = '']): [string, Place] => [
      decodeURIComponent(file).split('_').slice(0, 2).join(' '),
      { url, size: Number(size), sha256 },
    ]),
  );
}

function lockedPackage(
  { Package: name = '', Version: version = '' }: Control,
  places: ReadonlyMap<string, Place>,
): LockedPackage {
  const place = places.get(`${name} ${version}`);
  if (!place) throw new Error(`apt does not say where ${name} ${version} is`);
  return { name, version, ...place };
}

/** Takes the newest version that `query` allows, and what it needs. */
async function refreshTool({ name, module, query, package: main }: GoTool): Promise<void> {
  const options = { cwd: join(TOOLS, name), env: { ...GO_ENVIRONMENT, GOFLAGS: '-mod=mod' } };
  const get = main === '.' ? ['get', `${module}@${query}`] : ['get', '-tool', `${main}@${query}`];
  await run('go', get, options);
  await run('go', ['mod', 'tidy'], options);
  process.stdout.write(`tools/${name}: ${await run('go', ['list', '-m', module], options)}`);
}

/** Takes the newest versions of what our own program needs. */
async function refreshSandbox(): Promise<void> {
  const options = { cwd: join(TOOLS, 'sandbox'), env: { ...GO_ENVIRONMENT, GOFLAGS: '-mod=mod' } };
  await run('go', ['get', '-u', './...'], options);
  await run('go', ['mod', 'tidy'], options);
  process.stdout.write('tools/sandbox: refreshed\n');
}
