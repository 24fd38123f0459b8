// Bundles the commands into dist/ when a source is newer than what is there: `npm run demo` shows the code as it is.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const modified = (file) => statSync(join(root, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
const filesOf = (folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => join(folder, file));
const newest = Math.max(
  ...['bin', 'src', 'tools', 'ui'].flatMap(filesOf).concat('package.json', 'package-lock.json').map(modified),
);
if (
  newest >
  Math.min(
    modified('dist/ui/index.html'),
    ...['fluxd', 'fluxctl', 'fluxd-program', 'fluxctl-program', 'git-program', 'manifest-program', 'image-cache-program'].map(
      (name) => modified(`dist/${name}.js`),
    ),
  )
) {
  process.chdir(root);
  await import('./build.mjs');
}
