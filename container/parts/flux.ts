import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../command.ts';
import { sha256OfFile } from '../layer.ts';
import type { Part } from '../part.ts';
import type { Component } from '../sbom/component.ts';
import { productionPackages } from '../sbom/npm-packages.ts';

/** fluxd and fluxctl, bundled with the packages that they need; `dispose` removes the bundle. */
export async function fluxPart(repository: string): Promise<Part & { dispose(): Promise<void> }> {
  const work = await mkdtemp(join(tmpdir(), 'flux-image-'));
  const dist = join(work, 'dist');
  await run(process.execPath, [join(repository, 'tools/build.mjs'), dist], { cwd: repository });
  const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as { version: string; license: string };
  const lock = await readFile(join(repository, 'package-lock.json'), 'utf8');
  const files = (await readdir(dist, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  const hashes = await Promise.all(paths.map(async (path) => `${path.slice(dist.length)} ${await sha256OfFile(path)}`));
  return {
    name: 'flux',
    inputs: [...hashes, manifest.version, lock, await readFile(import.meta.filename, 'utf8')],
    dispose: () => rm(work, { recursive: true, force: true }),
    stage: async (root): Promise<readonly Component[]> => {
      const [lib, bin, doc] = ['lib/flux', 'bin', 'share/doc/flux'].map((path) => join(root, 'usr/local', path)) as [
        string,
        string,
        string,
      ];
      for (const directory of [lib, bin, doc]) await mkdir(directory, { recursive: true });
      await cp(dist, lib, { recursive: true });
      await writeFile(join(lib, 'package.json'), '{ "type": "module" }\n');
      for (const command of ['fluxd', 'fluxctl']) await symlink(`../lib/flux/${command}.js`, join(bin, command));
      await copyFile(join(repository, 'LICENSE'), join(doc, 'LICENSE'));
      await run('chmod', ['-R', 'u=rwX,go=rX', root]);
      for (const command of ['fluxd', 'fluxctl']) await chmod(join(lib, `${command}.js`), 0o755);
      const { version, license } = manifest;
      return [
        {
          name: 'flux-gitops',
          version,
          purl: `pkg:npm/flux-gitops@${version}`,
          license: { expression: license },
          parts: productionPackages(lock),
        },
      ];
    },
  };
}
