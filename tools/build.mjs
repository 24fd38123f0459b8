// Bundles the commands into dist/, packages included: one file a command and chunks that load when they are needed. What
// nobody uses of a package is left out, which halves the daemon's memory and the time it takes to start.
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'rolldown';

rmSync('dist', { recursive: true, force: true });
// Each on its own: a chunk that both share may end up importing one of the commands, and to import a command is to run it.
for (const name of ['fluxd', 'fluxctl']) {
  await build({
    input: { [name]: `bin/${name}.ts` },
    platform: 'node',
    external: /^node:/,
    // Its thousand generated models do nothing by being imported; without this each daemon would carry them in memory.
    treeshake: { moduleSideEffects: [{ test: /client-node\/dist\//, sideEffects: false }] },
    output: {
      dir: 'dist',
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: `chunks/${name}-[name]-[hash].js`,
      sourcemap: false,
    },
  });
  chmodSync(`dist/${name}.js`, 0o755);
}
