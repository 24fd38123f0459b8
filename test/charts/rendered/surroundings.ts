import { afterAll, beforeAll } from 'vitest';
import { type Registry, startRegistry } from '../../../src/sim/index.ts';
import { startWorld, type World } from '../../e2e/harness/index.ts';

/** What the daemon of a test works on; there while the tests of a file run that has called `surround`. */
export let world: World;
/** An embedded one, beside that of the world: images are pushed to it with the dates that a test wants. */
export let registry: Registry;

/** To be called once by a file. */
export function surround(): void {
  beforeAll(async () => {
    [world, registry] = await Promise.all([startWorld(), startRegistry()]);
  });
  afterAll(async () => {
    await Promise.all([world.close(), registry.stop()]);
  });
}
