import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { encodeFrame, FrameReader, MAX_HEADER, ProtocolViolation } from '../../src/sandbox/container/frames.ts';
import { parseFromHelper } from '../../src/sandbox/container/messages.ts';
import { type CommandRunner, createContainerRunner } from '../../src/sandbox/index.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { SMALL_LIMITS } from './behaviours.ts';
import { runOf } from './command-files.ts';
import { HELLO, ImitationHelper } from './imitation-helper.ts';
import { FRAMES, files, LOSSES, moveUntil, OUTCOME, RUN, serve } from './whole-run.ts';

let folder: string;
let socket: string;
let clock: ManualClock;
let runner: CommandRunner;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flux-sandbox-'));
  socket = join(folder, 'socket');
  clock = new ManualClock();
  runner = await createContainerRunner({ socket, required: true, clock, logger: silentLogger(), limits: SMALL_LIMITS });
});

afterEach(async () => {
  await runner.close();
  await rm(folder, { recursive: true });
});

describe('the runner for a sandbox container', () => {
  test('sends what to run and the files that are asked for, and returns what comes back', async () => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = runner.run(RUN);
    const first = await helper.receive();
    expect(first?.message).toMatchObject({ type: 'run', tree: files.id, directory: 'app', writable: true });
    expect(first?.message.limits).toEqual({ ...SMALL_LIMITS, newEntries: 100_000 });
    expect(JSON.parse(String(first?.payload))).toEqual(RUN.commands);
    helper.send({ type: 'need', tree: files.id });
    const tree = await helper.receive();
    expect(tree?.message).toEqual({ type: 'tree', id: files.id, files: 4 });
    const sent: unknown[] = [];
    for (let file = 0; file < 4; file += 1) {
      const frame = await helper.receive();
      sent.push([frame?.message.path, frame?.message.mode, String(frame?.payload)]);
    }
    expect(sent).toEqual([
      ['lib', '160000', ''],
      ['a.yaml', '100644', 'a\n'],
      ['app/run', '100755', '#!/bin/sh\n'],
      ['l', '120000', 'a.yaml'],
    ]);
    for (const index of [0, 1]) {
      helper.send({ type: 'started', command: index });
      if (index === 0) helper.send({ type: 'output', command: 0 }, 'first');
      helper.send({ type: 'ended', command: index });
    }
    helper.send({ type: 'written', path: 'b.yaml', executable: true }, 'b\n');
    helper.send({ type: 'deleted', path: 'a.yaml' });
    helper.send({ type: 'done' });
    expect(await outcome).toEqual(OUTCOME);
  });

  test('sends no files that the helper has', async () => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = runner.run(runOf('x'));
    await helper.receive();
    helper.send({ type: 'started', command: 0 });
    helper.send({ type: 'ended', command: 0 });
    helper.send({ type: 'command-failed', command: 0, failure: { kind: 'exit', status: 2 }, stderr: 'why' });
    expect(await outcome).toEqual({ kind: 'failed', command: 0, failure: { kind: 'exit', status: 2 }, stderr: 'why' });
  });

  test('a helper that cannot do its part is named by what it could not do, and stays connected', async () => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = expect(runner.run(RUN)).rejects.toMatchObject({
      code: 'sandbox/failed',
      help: expect.stringContaining('memory'),
    });
    await helper.receive();
    helper.send({ type: 'failed', reason: 'layout' });
    await outcome;
    const next = runner.run(RUN);
    await serve(helper);
    expect(await next).toEqual(OUTCOME);
  });

  test('reports the layers of the helper, and why there is none', async () => {
    expect(runner.layers()).toEqual({ kind: 'none', reason: `no sandbox container is connected to ${socket}` });
    const helper = await ImitationHelper.dial(socket);
    await expect
      .poll(() => runner.layers())
      .toEqual({ kind: 'container', user: 10_002, landlock: 7, seccomp: true, memory: 1024, network: 'none' });
    helper.socket.destroy();
    await expect.poll(() => runner.layers()).toMatchObject({ kind: 'none' });
    const other = await ImitationHelper.dial(socket, { ...HELLO, protocol: 1 });
    await other.closed();
    await expect
      .poll(() => runner.layers())
      .toMatchObject({ kind: 'none', reason: expect.stringContaining('version 1 of the protocol') });
  });

  test.each([
    ['Landlock', { landlock: 0 }],
    ['seccomp', { seccomp: false }],
  ])('runs nothing without %s where layers are required', async (name, lacking) => {
    await ImitationHelper.dial(socket, { ...HELLO, layers: { ...HELLO.layers, ...lacking } });
    await expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/unavailable', message: expect.stringContaining(name) });
  });

  test('runs with fewer layers where none is required', async () => {
    await runner.close();
    runner = await createContainerRunner({ socket, required: false, clock, logger: silentLogger(), limits: SMALL_LIMITS });
    const helper = await ImitationHelper.dial(socket, { ...HELLO, layers: { ...HELLO.layers, landlock: 0 } });
    const outcome = runner.run(RUN);
    await serve(helper);
    expect(await outcome).toEqual(OUTCOME);
  });

  test('waits for a helper for a while', async () => {
    const early = runner.run(RUN);
    await serve(await ImitationHelper.dial(socket));
    expect(await early).toEqual(OUTCOME);
  });

  test('is unavailable when no helper comes', async () => {
    const outcome = expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/unavailable' });
    await moveUntil(clock, outcome);
  });

  test('refuses a second peer, and keeps the first', async () => {
    const helper = await ImitationHelper.dial(socket);
    await expect.poll(() => runner.layers().kind).toBe('container');
    await (await ImitationHelper.dial(socket, 'silent')).closed();
    const outcome = runner.run(RUN);
    await serve(helper);
    expect(await outcome).toEqual(OUTCOME);
  });

  test('replaces the socket that a killed process left, and nothing else; any user may connect', async () => {
    expect((await stat(socket)).mode & 0o777).toBe(0o666);
    await runner.close();
    const file = join(folder, 'file');
    await writeFile(file, 'kept');
    const options = { required: true, clock, logger: silentLogger() };
    await expect(createContainerRunner({ ...options, socket: file })).rejects.toThrow('EADDRINUSE');
    runner = await createContainerRunner({ ...options, socket });
  });

  test('an aborted signal closes the connection at once', async () => {
    const helper = await ImitationHelper.dial(socket);
    const controller = new AbortController();
    const reason = new Error('not needed');
    const outcome = expect(runner.run(RUN, { signal: controller.signal })).rejects.toBe(reason);
    await helper.receive();
    controller.abort(reason);
    await outcome;
    await helper.closed();
    const next = runner.run(RUN);
    await serve(await ImitationHelper.dial(socket));
    expect(await next).toEqual(OUTCOME);
  });

  test('a command may take its time and a little more; its output does not prolong that', async () => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = expect(runner.run(RUN)).rejects.toMatchObject({
      code: 'sandbox/lost',
      message: expect.stringContaining('6 s'),
    });
    await helper.receive();
    helper.send({ type: 'started', command: 0 });
    const talking = (async () => {
      for (let second = 0; second < 60 && !helper.socket.destroyed; second += 1) {
        helper.send({ type: 'output', command: 0 }, 'x');
        clock.advance(200);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await outcome;
    await talking;
  });
});

describe('a connection that is lost', () => {
  test('of a whole run there are this many frames', async () => {
    const outcome = runner.run(RUN);
    expect(await serve(await ImitationHelper.dial(socket))).toBe(FRAMES);
    await outcome;
  });

  test.each(LOSSES)('at frame $at ($way) ends the run, and the next one works', async (loss) => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/lost' });
    const served = serve(helper, loss);
    await served;
    await (loss.way === 'silent' ? moveUntil(clock, outcome) : outcome);
    helper.socket.destroy();
    const next = runner.run(RUN);
    await serve(await ImitationHelper.dial(socket));
    expect(await next).toEqual(OUTCOME);
  });
});

describe('what a helper may not say', () => {
  const started = { type: 'started', command: 0 };
  const ended = { type: 'ended', command: 0 };
  const over: readonly (readonly [object, string?])[] = [
    [started],
    [ended],
    [{ type: 'started', command: 1 }],
    [{ type: 'ended', command: 1 }],
  ];
  const violations: readonly (readonly [string, readonly (readonly [object, string?])[]])[] = [
    ['hello again', [[HELLO]]],
    ['another tree', [[{ type: 'need', tree: 'ff' }]]],
    ['need, and go on at once', [[{ type: 'need', tree: files.id }], [started]]],
    ['need twice', [[{ type: 'need', tree: files.id }], [{ type: 'need', tree: files.id }]]],
    ['need after a command', [[started], [ended], [{ type: 'need', tree: files.id }]]],
    ['the second command first', [[{ type: 'started', command: 1 }]]],
    ['a command twice', [[started], [started]]],
    ['a command that there is not', [...over, [{ type: 'started', command: 2 }]]],
    ['output before a command', [[{ type: 'output', command: 0 }, 'x']]],
    ['output of another command', [[started], [{ type: 'output', command: 1 }, 'x']]],
    ['empty output', [[started], [{ type: 'output', command: 0 }, '']]],
    ['output after the end', [[started], [ended], [{ type: 'output', command: 0 }, 'x']]],
    [
      'too much output',
      [[started], [{ type: 'output', command: 0 }, 'x'.repeat(1024 ** 2)], [{ type: 'output', command: 0 }, 'x']],
    ],
    ['the end of another command', [[started], [{ type: 'ended', command: 1 }]]],
    ['done too soon', [[started], [ended], [{ type: 'done' }]]],
    [
      'failure of a command that runs',
      [[started], [{ type: 'command-failed', command: 0, failure: { kind: 'exit', status: 1 }, stderr: '' }]],
    ],
    [
      'failure with success',
      [[started], [ended], [{ type: 'command-failed', command: 0, failure: { kind: 'exit', status: 0 }, stderr: '' }]],
    ],
    ['changes too soon', [[started], [{ type: 'deleted', path: 'a' }]]],
    ['a change twice', [...over, [{ type: 'deleted', path: 'a' }], [{ type: 'deleted', path: 'a' }]]],
    ...['../a', '/a', 'a/./b', '.git/config', 'a\nb', 'a\u001b', '', 'x'.repeat(5000)].map(
      (path): readonly [string, readonly (readonly [object, string?])[]] => [
        `a change of ${JSON.stringify(path.slice(0, 20))}`,
        [...over, [{ type: 'written', path, executable: false }, 'x']],
      ],
    ),
    [
      'too many changes',
      [...over, ...Array.from({ length: 21 }, (_, n): readonly [object] => [{ type: 'deleted', path: `f${n}` }])],
    ],
    ['changes of too many bytes', [...over, [{ type: 'written', path: 'a', executable: false }, 'x'.repeat(1024 ** 2 + 1)]]],
    ['a field too much', [[{ ...started, more: 1 }]]],
    [
      'a long error',
      [
        [started],
        [ended],
        [{ type: 'command-failed', command: 0, failure: { kind: 'exit', status: 1 }, stderr: 'x'.repeat(5000) }],
      ],
    ],
  ];

  test.each(violations)('%s: the connection is closed', async (_, messages) => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = expect(runner.run(RUN)).rejects.toMatchObject({ code: 'sandbox/lost' });
    await helper.receive();
    for (const [message, payload] of messages) helper.send(message, payload);
    await outcome;
    await helper.closed();
  });

  test('changes of a run that may not change anything', async () => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = expect(runner.run(runOf('x'))).rejects.toMatchObject({ code: 'sandbox/lost' });
    await helper.receive();
    for (const message of [started, ended, { type: 'deleted', path: 'a.yaml' }]) helper.send(message);
    await outcome;
  });

  test('anything without a run', async () => {
    const helper = await ImitationHelper.dial(socket);
    helper.send(started);
    await helper.closed();
  });

  test('anything before hello', async () => {
    const helper = await ImitationHelper.dial(socket, started);
    await helper.closed();
    await expect.poll(() => runner.layers()).toMatchObject({ reason: expect.stringContaining('before hello') });
  });

  test('nothing at all', async () => {
    const helper = await ImitationHelper.dial(socket, 'silent');
    await moveUntil(clock, helper.closed());
  });

  test('errors quote nothing of it', async () => {
    const helper = await ImitationHelper.dial(socket);
    const outcome = runner.run(RUN).catch((error: unknown) => error);
    await helper.receive();
    helper.send({ type: 'started', command: 'SECRET', SECRET: 'SECRET' });
    expect(String(await outcome)).not.toContain('SECRET');
  });
});

describe('frames', () => {
  const frame = fc.record({ command: fc.nat(5), payload: fc.uint8Array({ minLength: 1, maxLength: 300 }) });

  test('are the same however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(2000)), (frames, cuts) => {
        const stream = Buffer.concat(
          frames.map(({ command: index, payload }) => encodeFrame({ type: 'output', command: index }, Buffer.from(payload))),
        );
        const reader = new FrameReader(parseFromHelper);
        const read: unknown[] = [];
        let from = 0;
        for (const to of [...cuts.toSorted((a, b) => a - b), stream.length]) {
          for (const { message, payload } of reader.read(stream.subarray(from, to))) read.push([message, payload]);
          from = Math.max(from, Math.min(to, stream.length));
        }
        expect(read).toEqual(
          frames.map(({ command: index, payload }) => [
            { type: 'output', command: index, size: payload.length },
            Buffer.from(payload),
          ]),
        );
      }),
    );
  });

  test('any bytes are frames or a violation', () => {
    const headers = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ type: fc.constantFrom('output', 'written', 'hello', 'done'), size: fc.anything() })
        .map((value) => JSON.stringify(value) ?? ''),
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      headers.map((header) => {
        const length = Buffer.alloc(4);
        length.writeUInt32BE(Buffer.byteLength(header));
        return Buffer.concat([length, Buffer.from(header)]);
      }),
    );
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), (chunks) => {
        const reader = new FrameReader(parseFromHelper);
        try {
          for (const chunk of chunks) for (const { message } of reader.read(chunk)) expect(message.type).toBeTypeOf('string');
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolViolation);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([0, MAX_HEADER + 1, 2 ** 32 - 1])('a header of %i bytes is refused before it comes', (length) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    expect(() => [...new FrameReader(parseFromHelper).read(bytes)]).toThrow(ProtocolViolation);
  });
});
