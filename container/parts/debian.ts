import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../command.ts';
import { ARCHITECTURE, DEBIAN, DIRECTORIES } from '../contents.ts';
import { parseControl } from '../control.ts';
import type { DebianLock, LockedPackage } from '../debian-lock.ts';
import { sha256OfFile } from '../layer.ts';
import type { Part } from '../part.ts';
import type { Component } from '../sbom/component.ts';
import { licenseIn } from '../sbom/debian-copyright.ts';
import { StaleLockError } from '../stale-lock.ts';

const OWN_FILES = join(import.meta.dirname, '../root');
const BUNDLE = 'etc/ssl/certs/ca-certificates.crt';

/**
 * What comes from Debian: packages unpacked without running their scripts, which here would only add users, cache libraries and link
 * certificates. What they would do that matters is done below.
 */
export async function debianPart(lock: DebianLock, downloads: string): Promise<Part> {
  return {
    name: 'debian',
    inputs: [
      JSON.stringify([lock, DEBIAN, DIRECTORIES]),
      await readFile(import.meta.filename, 'utf8'),
      await contentOf(OWN_FILES),
    ],
    stage: async (root) => {
      await layOut(root);
      const components: Component[] = [];
      for (const locked of lock.packages) {
        const file = await download(locked, downloads);
        await unpack(file, root);
        components.push(await describe(locked, file, root));
      }
      await finish(root);
      return components;
    },
  };
}

/** Debian's merged /usr, which packages rely on, and the directories that volumes are mounted at. */
async function layOut(root: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(root, 'usr', name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
  await mkdir(join(root, 'var/lib/dpkg/status.d'), { recursive: true });
}

/** @throws StaleLockError when Debian has it no more; Error when it is another file than the locked one */
async function download({ name, version, url, size, sha256 }: LockedPackage, downloads: string): Promise<string> {
  const file = join(downloads, `${sha256}.deb`);
  if (existsSync(file)) return file;
  const response = await fetch(url).catch((error: unknown) => {
    throw new Error(`${url} cannot be fetched; is the network up?`, { cause: error });
  });
  if (response.status === 404 || response.status === 410) throw new StaleLockError(`Debian package ${name} ${version}`, url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
  const bytes = Buffer.from(await response.arrayBuffer());
  const found = createHash('sha256').update(bytes).digest('hex');
  if (bytes.length !== size || found !== sha256) {
    throw new Error(`${url} has ${bytes.length} bytes with SHA-256 ${found}; locked are ${size} bytes with ${sha256}`);
  }
  await mkdir(downloads, { recursive: true });
  await writeFile(`${file}.${process.pid}`, bytes);
  await rename(`${file}.${process.pid}`, file);
  return file;
}

async function unpack(file: string, root: string): Promise<void> {
  const archive = join(root, '.archive');
  await run('dpkg-deb', ['--fsys-tarfile', file], { into: archive });
  const excluded = DEBIAN.excluded.map((pattern) => `--exclude=${pattern}`);
  const extract = ['--extract', `--file=${archive}`, `--directory=${root}`, '--no-same-owner', '--preserve-permissions'];
  await run('tar', [...extract, '--keep-directory-symlink', '--wildcards', '--wildcards-match-slash', ...excluded]);
  // Licences ask that their text comes along. (A pattern that matches nothing is an error of tar: some packages link to another's.)
  const listed = await run('tar', ['--list', `--file=${archive}`]);
  const copyright = listed.split('\n').filter((path) => /^\.\/usr\/share\/doc\/[^/]+(\/copyright)?$/.test(path));
  await run('tar', [...extract, '--no-recursion', ...copyright]);
  await rm(archive);
}

/** Notes the package where scanners look for it: a control file each in status.d, as there is no dpkg here that writes one database. */
async function describe({ name, version, url, sha256 }: LockedPackage, file: string, root: string): Promise<Component> {
  const text = await run('dpkg-deb', ['--field', file]);
  await writeFile(join(root, 'var/lib/dpkg/status.d', name), text);
  const { Architecture, Source } = parseControl(text);
  const copyright = await readFile(join(root, 'usr/share/doc', name, 'copyright'), 'utf8').catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    },
  );
  const license = licenseIn(copyright);
  return {
    name,
    version,
    purl: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${Architecture ?? ARCHITECTURE}&distro=${codename()}${
      Source === undefined ? '' : `&upstream=${encodeURIComponent(Source.split(' ')[0] ?? '')}`
    }`,
    ...(license ? { license } : {}),
    url,
    sha256,
  };
}

async function finish(root: string): Promise<void> {
  for (const command of DEBIAN.busybox) await symlink('busybox', join(root, 'usr/bin', command));
  await symlink('gawk', join(root, 'usr/bin/awk'));
  const certificates = join(root, 'usr/share/ca-certificates/mozilla');
  const names = (await readdir(certificates)).sort();
  const bundle = await Promise.all(names.map((name) => readFile(join(certificates, name), 'utf8')));
  await mkdir(dirname(join(root, BUNDLE)), { recursive: true });
  await writeFile(join(root, BUNDLE), bundle.join(''));
  await rm(certificates, { recursive: true });
  await cp(OWN_FILES, root, { recursive: true });
  for (const [path, mode] of Object.entries(DIRECTORIES)) {
    await mkdir(join(root, path), { recursive: true });
    await chmod(join(root, path), mode);
  }
  // As a checkout may have given our files other modes; and no program of the image gives more rights to its user.
  const own = (await readdir(OWN_FILES, { recursive: true })).map((path) => join(root, path));
  await run('chmod', ['u=rwX,go=rX', ...own]);
  await run('chmod', ['-R', 'u-s,g-s', join(root, 'usr')]);
}

function codename(): string {
  return DEBIAN.suites[0]?.suite ?? '';
}

async function contentOf(directory: string): Promise<string> {
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return (await Promise.all(paths.map(async (path) => `${path.slice(directory.length)} ${await sha256OfFile(path)}`))).join('\n');
}
