import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../command.ts';
import { sha256OfFile } from '../layer.ts';
import type { Part } from '../part.ts';
import { goModulesOf } from '../sbom/go-modules.ts';
import { fetchModules, GO_ENVIRONMENT, TOOLS } from './go-tool.ts';

const NAME = 'flux-sandbox';
const LDFLAGS = '-s -w';

/** The helper of the sandbox container, built from this repository. */
export async function sandboxPart(repository: string): Promise<Part> {
  const module = join(TOOLS, 'sandbox');
  const files = (await readdir(module)).sort();
  const sources = await Promise.all(files.map(async (file) => `${file}\n${await readFile(join(module, file), 'utf8')}`));
  const { version, license } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    version: string;
    license: string;
  };
  return {
    name: NAME,
    inputs: [...sources, version, await readFile(import.meta.filename, 'utf8'), JSON.stringify([GO_ENVIRONMENT, LDFLAGS])],
    stage: async (root) => {
      const bin = join(root, 'usr/local/bin');
      await mkdir(bin, { recursive: true });
      const binary = join(bin, NAME);
      await fetchModules(module, NAME);
      await run('go', ['build', `-ldflags=${LDFLAGS}`, '-o', binary, '.'], { cwd: module, env: GO_ENVIRONMENT });
      const modules = goModulesOf(await run('go', ['version', '-m', binary], { env: GO_ENVIRONMENT }));
      const purl = `pkg:generic/${NAME}@${version}`;
      return [
        { name: NAME, version, purl, license: { expression: license }, sha256: await sha256OfFile(binary), parts: modules },
      ];
    },
  };
}
