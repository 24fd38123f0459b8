import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const PACKAGE_JSON = fileURLToPath(new URL('../package.json', import.meta.url));

/** Of our package.json its name and version: a script of the repository that changes is no change of the commands, nor of the image. */
const nameAndVersion = {
  name: 'name-and-version',
  load(id) {
    if (id !== PACKAGE_JSON) return null;
    const { name, version } = JSON.parse(readFileSync(id, 'utf8'));
    return { code: `export default ${JSON.stringify({ name, version })};`, moduleType: 'js' };
  },
};

/**
 * Bundles one command, packages included: one file, and chunks that load when they are needed. What is not used of a package is left
 * out, which halves the daemon's memory and the time it takes to start.
 */
export async function bundle(name, output, source = `bin/${name}.ts`) {
  await build({
    input: { [name]: source },
    platform: 'node',
    external: /^node:/,
    plugins: [nameAndVersion],
    // To import a module of ours, or one of the thousand generated models, does nothing by itself; without this each start would
    // run all that a room wraps, and each daemon would carry the models in memory.
    treeshake: { moduleSideEffects: [{ test: /\/src\/|client-node\/dist\//, sideEffects: false }] },
    output: { sourcemap: false, ...output },
  });
}
