// Bundles the commands into dist/, or the directory that is given.
import { chmodSync, rmSync } from 'node:fs';
import { bundle } from './bundle.mjs';

const directory = process.argv[2] ?? 'dist';
// Chunks have other names in each build; the image and fluxctl as one file are built beside them, and stay.
rmSync(`${directory}/chunks`, { recursive: true, force: true });
// Each on its own: a chunk that both share may end up importing one of the commands, and to import a command is to run it.
for (const name of ['fluxd', 'fluxctl']) {
  await bundle(name, {
    dir: directory,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: `chunks/${name}-[name]-[hash].js`,
  });
  chmodSync(`${directory}/${name}.js`, 0o755);
}
// The threads of fluxd, found beside the code that starts them.
for (const [name, source] of [
  ['thread', 'src/git/thread.ts'],
  ['manifest-program', 'src/manifests/manifest-program.ts'],
])
  await bundle(name, { dir: directory, format: 'esm', entryFileNames: '[name].js' }, source);
