// Bundles the commands into dist/, or the directory that is given, packages included: one file a command and chunks that load when they are needed. What
// nobody uses of a package is left out, which halves the daemon's memory and the time it takes to start.
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'rolldown';

const directory = process.argv[2] ?? 'dist';
rmSync(directory, { recursive: true, force: true });
// Each on its own: a chunk that both share may end up importing one of the commands, and to import a command is to run it.
for (const name of ['fluxd', 'fluxctl']) {
  await build({
    input: { [name]: `bin/${name}.ts` },
    platform: 'node',
    external: /^node:/,
    // Its thousand generated models do nothing by being imported; without this each daemon would carry them in memory.
    treeshake: { moduleSideEffects: [{ test: /client-node\/dist\//, sideEffects: false }] },
    output: {
      dir: directory,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: `chunks/${name}-[name]-[hash].js`,
      sourcemap: false,
    },
  });
  chmodSync(`${directory}/${name}.js`, 0o755);
}
