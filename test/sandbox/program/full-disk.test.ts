import fs, { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createKustomize } from '../../../src/sandbox/index.ts';

/** The call that fails below folders whose path contains a text, and how. */
interface Failing {
  readonly call: (typeof CALLS)[number];
  readonly code: string;
  readonly below: string;
}

const CALLS = ['mkdirSync', 'writeFileSync', 'symlinkSync'] as const;
const original = { mkdirSync: fs.mkdirSync, writeFileSync: fs.writeFileSync, symlinkSync: fs.symlinkSync };

function fail({ call, code, below }: Failing): void {
  const failing = (...args: readonly unknown[]) => {
    if (args.some((each) => typeof each === 'string' && each.includes(below)))
      throw Object.assign(new Error(`${code}: ${call}`), { code, syscall: call });
    return Reflect.apply(original[call], fs, args);
  };
  Object.assign(fs, { [call]: failing });
  syncBuiltinESMExports();
}

function succeed(): void {
  Object.assign(fs, original);
  syncBuiltinESMExports();
}

afterEach(succeed);

const FILES = {
  files: [{ path: 'app/a', content: Buffer.from('a') }],
  links: [{ path: 'app/l', target: 'a' }],
};

function open() {
  const parent = mkdtempSync(join(tmpdir(), 'flux-full-disk-'));
  const program = join(parent, 'kustomize');
  writeFileSync(program, '#!/bin/sh\npwd\n', { mode: 0o755 });
  const [directory, memoryDirectory] = [join(parent, 'in-disk'), join(parent, 'in-memory')];
  const kustomize = createKustomize({ program, directory, memoryDirectory, clock: systemClock, logger: silentLogger() });
  onTestFinished(async () => {
    await kustomize.close();
    rmSync(parent, { recursive: true });
  });
  const build = () => kustomize.build('app', async () => FILES, { timeoutMs: 30_000, outputBytes: 1024 });
  const left = () => [directory, memoryDirectory].flatMap((each) => (existsSync(each) ? readdirSync(each) : []));
  return { build, left };
}

test.each(CALLS.flatMap((call) => ['ENOSPC', 'EDQUOT'].map((code) => [call, code] as const)))(
  'a build for which memory has no room is on the disk: %s, %s',
  async (call, code) => {
    const { build, left } = open();
    fail({ call, code, below: 'in-memory' });
    const outcome = await build();
    expect(outcome.kind === 'built' && `${outcome.output}`).toContain('/in-disk/');
    succeed();
    expect(await build()).toMatchObject({ kind: 'built' });
    expect(left()).toEqual([]);
  },
);

test.each(CALLS.flatMap((call) => ['ENOSPC', 'EMFILE', 'EIO'].map((code) => [call, code] as const)))(
  'a build that cannot be written anywhere fails with what to do, and the next one works: %s, %s',
  async (call, code) => {
    const { build, left } = open();
    fail({ call, code, below: 'in-' });
    await expect(build()).rejects.toMatchObject({
      code: 'kustomize/not-written',
      fault: 'server',
      message: `files for kustomize cannot be written: ${code}`,
      help: expect.stringContaining('TMPDIR'),
      cause: expect.objectContaining({ code }),
    });
    succeed();
    expect(await build()).toMatchObject({ kind: 'built' });
    expect(left()).toEqual([]);
  },
);
