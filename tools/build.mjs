// Bundles our own sources into dist/, one file a command and shared chunks; packages stay in node_modules.
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { build } from 'rolldown';

const entries = { fluxd: 'bin/fluxd.ts', fluxctl: 'bin/fluxctl.ts' };
const input = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file)));
rmSync('dist', { recursive: true, force: true });
await build({
  input,
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/'),
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js', sourcemap: true },
});
for (const name of Object.keys(input)) chmodSync(`dist/${name}.js`, 0o755);
