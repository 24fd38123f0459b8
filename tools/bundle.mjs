import { build } from 'rolldown';

/**
 * Bundles one command, packages included: one file, and chunks that load when they are needed. What nobody uses of a package is left
 * out, which halves the daemon's memory and the time it takes to start.
 */
export async function bundle(name, output, source = `bin/${name}.ts`) {
  await build({
    input: { [name]: source },
    platform: 'node',
    external: /^node:/,
    // To import a module of ours, or one of the thousand generated models, does nothing by itself; without this each start would
    // run all that a room wraps, and each daemon would carry the models in memory.
    treeshake: { moduleSideEffects: [{ test: /\/src\/|client-node\/dist\//, sideEffects: false }] },
    output: { sourcemap: false, ...output },
  });
}
