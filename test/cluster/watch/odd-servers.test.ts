import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { FluxError, silentLogger, systemClock } from '../../../src/base/index.ts';
import type { Transport } from '../../../src/cluster/connection/transport.ts';
import { type Detail, metadataOf } from '../../../src/cluster/object/live.ts';
import { createReflector, type Reflector } from '../../../src/cluster/watch/reflector.ts';
import { until } from '../../support/until.ts';
import { CONFIG_MAPS } from '../transport-to.ts';

type Step = (answer: PassThrough) => unknown;

/** A server that plays a script: what each stream says, and what each list answers. */
function scripted(script: { readonly streams: readonly Step[]; readonly lists?: readonly object[] }) {
  const asked: (Readonly<Record<string, string>> | undefined)[] = [];
  const streams: PassThrough[] = [];
  const steps = [...script.streams];
  const lists = [...(script.lists ?? [])];
  const transport: Transport = {
    async request({ query }) {
      asked.push(query);
      return { status: 200, headers: {}, body: lists.shift(), attempts: 1 };
    },
    async stream({ query, signal }) {
      asked.push(query);
      const answer = new PassThrough();
      answer.on('error', () => undefined);
      signal.addEventListener('abort', () => answer.destroy(signal.reason));
      await steps.shift()?.(answer);
      streams.push(answer);
      return {
        status: 200,
        headers: {},
        destroy: () => answer.destroy(),
        [Symbol.asyncIterator]: () => answer[Symbol.asyncIterator](),
      };
    },
    close: () => undefined,
  };
  return { transport, asked, streams };
}

const event = (type: string, name: string, version: number, value = '') =>
  `${JSON.stringify({ type, object: { metadata: { name, namespace: 'd', resourceVersion: String(version), annotations: { value } } } })}\n`;
const synced = (version: number) =>
  `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } } } })}\n`;
const list = (version: number, ...items: readonly (readonly [name: string, version: number, value: string])[]) => ({
  kind: 'PartialObjectMetadataList',
  metadata: { resourceVersion: String(version) },
  items: items.map(([name, of, value]) => ({
    metadata: { name, namespace: 'd', resourceVersion: String(of), annotations: { value } },
  })),
});

describe('a reflector and an odd server (R-006)', () => {
  const open: Reflector<string>[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });

  function reflect(transport: Transport, more: { readonly trim?: () => string; readonly detail?: Detail } = {}) {
    const changed: string[] = [];
    const reflector = createReflector<string>({
      transport,
      clock: systemClock,
      log: silentLogger(),
      resource: CONFIG_MAPS,
      detail: 'metadata',
      trim: (object) => metadataOf(object).annotations?.value ?? '',
      onChange: (key) => changed.push(key),
      random: () => 0,
      ...more,
    });
    open.push(reflector);
    return { reflector, changed };
  }

  test.for([
    ['metadata', 'answered'],
    ['whole', 'watched'],
  ] as const)('of a write that was answered, a watch of %s keeps what was %s', async ([detail, expected]) => {
    const server = scripted({ streams: [(answer) => answer.write(synced(100))] });
    const { reflector, changed } = reflect(server.transport, { detail });
    await reflector.current();
    reflector.note({ metadata: { name: 'a', namespace: 'd', resourceVersion: '101' } }, () => 'answered');
    server.streams[0]?.write(event('ADDED', 'a', 101, 'watched') + event('ADDED', 'b', 102));
    await until('b is seen', () => reflector.objects.has('d/b'));
    expect(reflector.objects.get('d/a')).toBe(expected);
    expect(changed).toEqual(['d/b']);
  });

  test('an answer that comes after the watch showed the object go does not bring it back', async () => {
    const server = scripted({ streams: [(answer) => answer.write(synced(100))] });
    const { reflector } = reflect(server.transport);
    await reflector.current();
    server.streams[0]?.write(event('ADDED', 'a', 101) + event('DELETED', 'a', 102) + event('ADDED', 'b', 103));
    await until('b is seen', () => reflector.objects.has('d/b'));
    reflector.note({ metadata: { name: 'a', namespace: 'd', resourceVersion: '101' } }, () => 'late');
    expect([...reflector.objects.keys()]).toEqual(['d/b']);
  });

  test('a server restored from a backup: its newest state counts, nothing later stays, and all that differs is told', async () => {
    const tooLarge = new FluxError('Timeout: Too large resource version: 210, current: 150', { code: 'cluster/timeout' });
    const server = scripted({
      streams: [
        (answer) => answer.write(synced(100)),
        () => {
          throw tooLarge;
        },
      ],
      lists: [list(150, ['old', 90, 'restored'])],
    });
    const { reflector, changed } = reflect(server.transport);
    await reflector.current();
    server.streams[0]?.write(event('ADDED', 'old', 200, 'new') + event('ADDED', 'gone', 210));
    await until('both are seen', () => reflector.objects.has('d/gone'));
    changed.length = 0;
    server.streams[0]?.end();
    await until('the watch is open again', () => server.asked.length === 4 && reflector.live);
    expect([...reflector.objects]).toEqual([['d/old', 'restored']]);
    expect(changed.sort()).toEqual(['d/gone', 'd/old']);
    expect(server.asked[2]).not.toHaveProperty('resourceVersion');
    expect(server.asked[3]).toMatchObject({ resourceVersion: '150' });
  });

  test('a server that takes a streaming list for an ordinary watch is listed in pages from then on', async () => {
    const server = scripted({ streams: [(answer) => answer.end(event('ADDED', 'a', 7))], lists: [list(9, ['a', 7, 'x'])] });
    const { reflector } = reflect(server.transport);
    await until('it is listed', () => reflector.live);
    expect([...reflector.objects]).toEqual([['d/a', 'x']]);
    expect(server.asked[2]).not.toHaveProperty('sendInitialEvents');
  });

  test('what could not be taken in is asked for again', async () => {
    let broken = true;
    const server = scripted({ streams: [(answer) => answer.write(synced(100))] });
    const { reflector } = reflect(server.transport, {
      trim() {
        if (!broken) return 'x';
        broken = false;
        throw new Error('once');
      },
    });
    await reflector.current();
    server.streams[0]?.write(event('ADDED', 'a', 101));
    await until('the watch is open again', () => server.asked.length === 2);
    expect(server.asked[1]).toMatchObject({ resourceVersion: '100' });
  });
});
