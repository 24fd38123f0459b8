/**
 * `npm run verify:node -- ARCHIVE`: whether the Node.js of the image, which comes from an npm package, is the released one. ARCHIVE is
 * `node-vX.Y.Z-linux-x64.tar.xz` from nodejs.org, whose signature was checked by hand.
 */
import { compareWithLock, nodeOfRelease, readNodeLock } from './node-lock.ts';

const [archive] = process.argv.slice(2);
if (archive === undefined) {
  process.stderr.write('usage: npm run verify:node -- node-vX.Y.Z-linux-x64.tar.xz\n');
  process.exitCode = 2;
} else {
  try {
    const [released, locked] = await Promise.all([nodeOfRelease(archive), readNodeLock()]);
    compareWithLock(released, locked, archive);
    process.stdout.write(`bin/node ${locked.version} is the released one: ${locked.sha256}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
