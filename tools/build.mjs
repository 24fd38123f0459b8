// Bundles the commands into dist/, or the directory that is given.
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildUi } from './build-ui.mjs';
import { bundle } from './bundle.mjs';

const directory = process.argv[2] ?? 'dist';
// Chunks have other names in each build; the image and fluxctl as one file are built beside them, and stay.
rmSync(`${directory}/chunks`, { recursive: true, force: true });
// Each on its own: a chunk that both share may end up importing one of the commands, and to import a command is to run it.
for (const name of ['fluxd', 'fluxctl']) {
  await bundle(name, {
    dir: directory,
    format: 'esm',
    entryFileNames: '[name]-program.js',
    chunkFileNames: `chunks/${name}-[name]-[hash].js`,
  });
  writeFileSync(`${directory}/${name}.js`, launcher(name));
  chmodSync(`${directory}/${name}.js`, 0o755);
}
// The threads of fluxd, found beside the code that starts them.
for (const [name, source] of [
  ['git-program', 'src/git/git-program.ts'],
  ['manifest-program', 'src/manifests/manifest-program.ts'],
  ['image-cache-program', 'src/registry-watch/cache/image-cache-program.ts'],
])
  await bundle(name, { dir: directory, format: 'esm', entryFileNames: '[name].js' }, source);

await buildUi(join(directory, 'ui'));

// Where the part of fluxctl that starts this thread is.
writeFileSync(`${directory}/chunks/manifest-program.js`, "import '../manifest-program.js';\n");

/** Starts the program where Node.js is new enough, and says so otherwise: an older one refuses its syntax before any of it runs. */
function launcher(name) {
  const [firstLine] = readFileSync(`bin/${name}.ts`, 'utf8').split('\n', 1);
  const [needed] = /\d+/.exec(JSON.parse(readFileSync('package.json', 'utf8')).engines.node);
  return `${firstLine}
var version = process.versions.node;
if (parseInt(version, 10) >= ${needed}) import('./${name}-program.js');
else {
  process.stderr.write('${name} needs Node.js ${needed} or newer; ' + process.execPath + ' is ' + version + '\\n');
  process.exitCode = 1;
}
`;
}
