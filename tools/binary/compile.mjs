// node compile.mjs DIRECTORY: makes functions of the bundle's parts, and keeps the code that they compile to beside them. V8 takes that code
// back only under the flags that it was made with: run this with those of the binary.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';

const [, , directory] = process.argv;
for (const file of readdirSync(directory)) {
  const text = readFileSync(join(directory, file), 'utf8').replace(/^#!.*/, '');
  const source = `(function (exports, require, module) {${text}\n})`;
  writeFileSync(join(directory, file), source);
  writeFileSync(join(directory, `${file}.cache`), new Script(source, { filename: `./${file}` }).createCachedData());
}
