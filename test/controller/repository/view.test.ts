import { describe, expect, test } from 'vitest';
import type { Cancellable } from '../../../src/base/index.ts';
import type { Source } from '../../../src/controller/ports/source.ts';
import { createCurrentView } from '../../../src/controller/repository/current-view.ts';
import { createRepositoryReader } from '../../../src/controller/repository/view.ts';
import { accept } from '../../../src/git/accept.ts';
import type { AcceptedRevision } from '../../../src/repository/index.ts';
import type { DesiredState, Manifest } from '../../../src/resource/index.ts';
import { partOf } from '../../support/part-of.ts';

const CART: Manifest = {
  place: { file: 'cart.yaml', document: 1, line: 1 },
  object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'cart' } },
  checksum: '',
};
const STATE: DesiredState = { manifests: [CART], errors: [], warnings: [] };

/** A reader over a repository whose files come when the test says so, or not. */
function lab(ids = { names: {}, namespace: 'shop' }) {
  const asked: { readonly revision: string; readonly arrive: () => void; readonly fail: (error: unknown) => void }[] = [];
  const source = partOf<Source>({
    files: async (revision: string, { signal }: Cancellable = {}) => {
      const files = Promise.withResolvers<[]>();
      signal?.addEventListener('abort', () => files.reject(signal.reason));
      asked.push({ revision, arrive: () => files.resolve([]), fail: files.reject });
      return files.promise;
    },
    blob: async () => Buffer.alloc(0),
  });
  const cluster = { namesBy: () => ids.names, idOf: () => `${ids.namespace}:deployment/cart` };
  return { asked, reader: createRepositoryReader(source, { read: async () => ({ ...STATE }) }, cluster) };
}

describe('a view of the repository', () => {
  test('is the same until the revision, or what ids mean, has changed; then ids are asked for anew', async () => {
    const ids = { names: {}, namespace: 'shop' };
    const { asked, reader } = lab(ids);
    const read = (revision: string) => {
      const view = reader.read(revision);
      asked.at(-1)?.arrive();
      return view;
    };
    const first = await read('a');
    expect([...first.workloads.keys()]).toEqual(['shop:deployment/cart']);
    expect(await read('a')).toBe(first);
    expect(reader.latest()).toBe(first);
    expect(first.workloads).toBe(first.workloads);
    Object.assign(ids, { names: {}, namespace: 'blog' });
    expect([...(await read('a')).workloads.keys()]).toEqual(['blog:deployment/cart']);
    expect(asked).toHaveLength(1);
    expect(await read('b')).not.toBe(first);
    expect(reader.latest()?.revision).toBe('b');
  });

  test('is read once for all who ask while it is being read, and its failure told to all', async () => {
    const { asked, reader } = lab();
    const views = [reader.read('a'), reader.read('a')];
    asked[0]?.arrive();
    const [one, other] = await Promise.all(views);
    expect(one).toBe(other);
    const failing = [reader.read('b'), reader.read('b')];
    asked[1]?.fail(new Error('damaged'));
    for (const each of failing) await expect(each).rejects.toThrow('damaged');
    expect(asked.map(({ revision }) => revision)).toEqual(['a', 'b']);
    expect(reader.latest()).toBe(one);
  });

  test('is still read for the others when one gives up, whether that one began it or not', async () => {
    const { asked, reader } = lab();
    const [first, third] = [new AbortController(), new AbortController()];
    const began = reader.read('a', { signal: first.signal });
    const joined = reader.read('a');
    const left = reader.read('a', { signal: third.signal });
    third.abort(new Error('the third left'));
    await expect(left).rejects.toThrow('the third left');
    first.abort(new Error('the first left'));
    await expect(began).rejects.toThrow('the first left');
    await expect.poll(() => asked).toHaveLength(2);
    asked[1]?.arrive();
    expect((await joined).revision).toBe('a');
  });
});

describe('the current view', () => {
  test('is the head; while a newer one is being read it is the one before', async () => {
    let head: AcceptedRevision | undefined;
    const { asked, reader } = lab();
    const currentView = createCurrentView({ accepted: () => head }, reader);
    expect(await currentView()).toBeUndefined();

    head = accept('a');
    const first = currentView();
    asked[0]?.arrive();
    expect((await first)?.revision).toBe('a');

    head = accept('b');
    expect((await currentView())?.revision).toBe('a');
    expect((await currentView())?.revision).toBe('a');
    asked[1]?.arrive();
    await expect.poll(async () => (await currentView())?.revision).toBe('b');
    expect(asked.map(({ revision }) => revision)).toEqual(['a', 'b']);
  });

  test('says why the head cannot be read, and is the head again when it can', async () => {
    let head = accept('a');
    const { asked, reader } = lab();
    const currentView = createCurrentView({ accepted: () => head }, reader);
    const first = currentView();
    asked[0]?.arrive();
    await first;

    head = accept('b');
    expect((await currentView())?.revision).toBe('a');
    asked[1]?.fail(new Error('damaged'));
    await expect
      .poll(async () => {
        const view = currentView();
        asked.at(-1)?.fail(new Error('damaged again'));
        return view.then(
          (shown) => shown?.revision,
          (error: unknown) => String(error),
        );
      })
      .toContain('damaged again');
    const mended = currentView();
    asked.at(-1)?.arrive();
    expect((await mended)?.revision).toBe('b');
  });
});
