import { expect, test } from 'vitest';
import { runUpdaters } from '../../../src/manifests/generation/run-updaters.ts';
import { Tree } from '../../../src/manifests/units/tree.ts';
import type { CommandUnit } from '../../../src/manifests/units/unit.ts';
import type { ChangedFile } from '../../../src/repository/index.ts';

const MIB = 1 << 20;
const written = (path: string, length: number): ChangedFile => ({
  path,
  kind: 'written',
  content: Buffer.alloc(length, 'a'),
  executable: false,
});

/** An update of an image whose updaters leave these files. */
async function update(changed: readonly ChangedFile[], signal?: AbortSignal) {
  const unit: CommandUnit = {
    renderer: 'commands',
    name: './.flux.yaml',
    directory: '',
    configFile: '.flux.yaml',
    config: { kind: 'commandUpdated', generators: [], updaters: [{ containerImage: { command: 'true' } }] },
  };
  const change = { kind: 'images' as const, images: new Map([['c', 'acme/web:7']]) };
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } };
  const manifest = { object, checksum: '', place: { file: 'web.yaml', document: 1, line: 1 } };
  const tree = await Tree.of([], async () => Buffer.alloc(0), {});
  const runner = { run: async () => ({ kind: 'succeeded' as const, outputs: [], changed }) };
  const cancel = signal ? { signal } : {};
  return runUpdaters(unit, [{ id: 'shop:deployment/web', manifest, change }], tree, { runner, timeoutMs: 1_000 }, cancel);
}

test('changed files may have 16 MiB together', async () => {
  const texts = await update([written('a', 8 * MIB), written('b', 8 * MIB)]);
  expect(texts.map(({ path, content }) => [path, content.length])).toEqual([
    ['a', 8 * MIB],
    ['b', 8 * MIB],
  ]);
});

test('more is refused, with the name of the file that exceeds it', async () => {
  await expect(update([written('a', 8 * MIB), written('b', 8 * MIB), written('c', 1)])).rejects.toMatchObject({
    code: 'generation/too-much-text',
    message: 'file "c": with it, updaters changed more than 16 MiB of text',
  });
});

test('others have their turn between files', async () => {
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stopped')));
  await expect(update([written('a', 1), written('b', 1)], stop.signal)).rejects.toThrow('stopped');
});
