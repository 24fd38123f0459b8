import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createManifests } from '../../src/manifests/index.ts';
import { ManifestThread } from '../../src/manifests/manifest-thread.ts';
import { temporaryDirectory } from '../git/support/repository.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { sampled } from '../support/sampled.ts';
import { longestTurn } from '../support/turn-cpu.ts';
import { until } from '../support/until.ts';

/** Long enough for the thread. */
const LONG = {
  bytes: Buffer.from(
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  id: 9007199254740993\n  text: ${'x'.repeat(5000)}\n`,
  ),
  isJson: false,
};
const THREAD = new URL('../../src/manifests/manifest-program.ts', import.meta.url);

/** A program for the thread that does something else the first `times` times it is started. */
function failing(script: string, times: number): URL {
  const directory = temporaryDirectory();
  const program = join(directory, 'thread.mjs');
  const starts = JSON.stringify(join(directory, 'starts'));
  writeFileSync(
    program,
    `import { appendFileSync, readFileSync } from 'node:fs';
     appendFileSync(${starts}, '.');
     if (readFileSync(${starts}, 'utf8').length <= ${times}) { ${script} } else await import(${JSON.stringify(THREAD)});`,
  );
  return pathToFileURL(program);
}

const HANG = `(await import('node:worker_threads')).parentPort.on('message', () => { for (;;); });`;

/** How often such a program was started. */
function startsOf(program: URL): number {
  const starts = new URL('starts', program);
  return existsSync(starts) ? readFileSync(starts).length : 0;
}

/** Starting a thread costs more than what most tests ask of it. */
const shared = new ManifestThread();

test('the thread gives what reading at once gives, integers beyond 2^53 included', async () => {
  const { objects, errors, warnings } = await shared.parse(LONG);
  expect([errors, warnings]).toEqual([[], []]);
  expect(objects).toMatchObject([{ object: { kind: 'ConfigMap', metadata: { name: 'a' } }, document: 1, line: 1 }]);
  expect(JSON.stringify(objects[0]?.object)).toContain('"id":9007199254740993');
});

describe('which files the thread processes', () => {
  const short = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
  const long = `${short}# ${'x'.repeat(5000)}\n`;
  const aliases = `${short}data: {a: &a b, c: *a}\n`;
  const half = `${short}# ${'x'.repeat(2500)}\n`;
  const cases: [string, string, string, boolean][] = [
    ['short texts: none', short, short, false],
    ['a long text', long, short, true],
    ['a long text beside it', short, long, true],
    ['two texts that are long together', half, half, true],
    ['a text with aliases', aliases, short, true],
    ['a text with aliases beside it', short, aliases, true],
    ['a text that is long in bytes', short, `# ${'\u00e9'.repeat(2100)}\n${short}`, true],
  ];

  /** Whether something needs the thread: whether it fails where each thread is lost. */
  async function needsThread(use: (thread: ManifestThread) => Promise<unknown>): Promise<boolean> {
    const program = failing(`throw new Error('broken');`, Number.POSITIVE_INFINITY);
    const code = await use(new ManifestThread({ program })).then(
      () => undefined,
      (error: { readonly code?: string }) => error.code,
    );
    expect([undefined, 'manifests/not-read']).toContain(code);
    expect(startsOf(program)).toBe(code === undefined ? 0 : 2);
    return code !== undefined;
  }

  test.each(cases)('read with patches: %s', async (_, text, patches, isApart) => {
    const read = (thread: ManifestThread) => thread.parse({ bytes: Buffer.from(text), isJson: false, patches });
    const { objects, errors } = await read(shared);
    expect([objects.length, errors]).toEqual([1, []]);
    expect(await needsThread(read)).toBe(isApart);
  });

  test.each(cases)('change of patches: %s', async (_, text, generated, isApart) => {
    const changes = [
      {
        name: '<cluster>:configmap/a',
        change: { kind: 'annotations' as const, annotations: new Map([['fluxcd.io/locked', 'true']]) },
      },
    ];
    const change = (thread: ManifestThread) =>
      thread.change(text, { kind: 'patches', dialect: 'kubernetes', generated, changes });
    expect(await change(shared)).toContain('fluxcd.io/locked');
    expect(await needsThread(change)).toBe(isApart);
  });
});

describe('a thread that is lost', () => {
  const WAYS = {
    'ends before it is asked': 'process.exit(0);',
    'ends when it is asked': `(await import('node:worker_threads')).parentPort.once('message', () => process.exit(1));`,
    'fails before it is asked': `throw new Error('broken');`,
    'fails when it is asked': `(await import('node:worker_threads')).parentPort.once('message', () => { throw new Error('broken'); });`,
  };

  test.each(sampled('ways to lose the thread', Object.entries(WAYS), 2))('%s: another one reads the file', async (_, script) => {
    const { objects } = await new ManifestThread({ program: failing(script, 1) }).parse(LONG);
    expect(objects).toHaveLength(1);
  });

  test.each(sampled('ways to lose the thread twice', Object.entries(WAYS), 1))(
    '%s, twice: the file is not read, and the next one is',
    async (_, script) => {
      const thread = new ManifestThread({ program: failing(script, 2) });
      await expect(thread.parse(LONG)).rejects.toMatchObject({ code: 'manifests/not-read' });
      expect((await thread.parse(LONG)).objects).toHaveLength(1);
    },
  );
});

test('content that takes too long is refused with that bound, and the next file is read', async () => {
  const clock = new ManualClock();
  const program = failing(HANG, 1);
  const thread = new ManifestThread({ clock, program });
  const reading = thread.parse(LONG);
  await until('the thread starts', () => startsOf(program) === 1);
  clock.advance(20_000);
  await expect(reading).rejects.toMatchObject({ code: 'manifests/too-costly' });
  expect((await thread.parse(LONG)).objects).toHaveLength(1);
});

test('content that takes too long takes the time of a reader once in ten minutes, and is read when it takes less', async () => {
  const clock = new ManualClock();
  const program = failing(HANG, 2);
  const reader = createManifests({ clock, thread: new ManifestThread({ clock, program }) });
  const read = async () => {
    const files = [{ path: 'a.yaml', mode: '100644', blob: 'a', size: LONG.bytes.length }];
    const { manifests, errors } = await reader.read(files, async () => LONG.bytes);
    return [manifests.length, ...errors.map(({ error }) => error.code)];
  };
  for (const start of [1, 2]) {
    const reading = read();
    await until('the thread starts', () => startsOf(program) === start);
    clock.advance(20_000);
    expect(await reading).toEqual([0, 'manifests/too-costly']);
    expect(await read()).toEqual([0, 'manifests/too-costly']);
    expect(startsOf(program)).toBe(start);
    clock.advance(600_000);
  }
  expect(await read()).toEqual([1]);
});

test('an abort ends the reading with its reason', async () => {
  const stop = new AbortController();
  const program = failing(HANG, 1);
  const thread = new ManifestThread({ program });
  const reading = thread.parse(LONG, stop.signal);
  await until('the thread starts', () => startsOf(program) === 1);
  stop.abort(new Error('stopped'));
  await expect(reading).rejects.toThrow('stopped');
  expect((await thread.parse(LONG)).objects).toHaveLength(1);
});

describe('a change of a long file', () => {
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: a, annotations: {text: ${'x'.repeat(5000)}}}
spec: {template: {spec: {containers: [{name: web, image: 'acme/web:1'}]}}}
`;
  const change = (container: string) => ({
    kind: 'images' as const,
    images: [{ target: { document: 1, kind: 'Deployment', name: 'a' }, container, image: 'acme/web:2' }],
  });

  test('is made by the thread, and touches nothing else', async () => {
    expect(await shared.change(deployment, change('web'))).toBe(deployment.replace('web:1', 'web:2'));
  });

  test('that cannot be made says why, as one of a short file does', async () => {
    await expect(shared.change(deployment, change('nosuch'))).rejects.toMatchObject({
      name: 'FluxError',
      code: 'manifests/not-found',
      message: expect.stringContaining('nosuch'),
    });
    expect(await shared.change(deployment, change('web'))).toContain('web:2');
  });

  test('lets others have their turn', async () => {
    const long = `${deployment}---\n${'apiVersion: v1\nkind: A\nmetadata: {name: b}\n---\n'.repeat(10_000)}`;
    const { cpuMs } = await longestTurn(() => new ManifestThread().change(long, change('web')));
    expect(cpuMs).toBeLessThan(50);
  });
});
