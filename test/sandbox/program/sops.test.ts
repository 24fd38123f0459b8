import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createSops } from '../../../src/sandbox/index.ts';

const ENVIRONMENT = {
  AWS_ACCESS_KEY_ID: 'aws',
  GOOGLE_APPLICATION_CREDENTIALS: 'google',
  AZURE_CLIENT_ID: 'azure',
  VAULT_TOKEN: 'vault',
  VAULT_ADDR: 'https://elsewhere.example.org',
  https_proxy: 'http://proxy:1',
  SOPS_AGE_KEY: 'other',
  FLUXD_GIT_URL: 'canary',
  HOME: '/canary',
};
const NONE = { age: '', pgp: false, services: [] } as const;

/** A program in the place of sops, which prints its arguments, its environment and its input. */
async function open(script = '#!/bin/sh\necho "$@"\n/usr/bin/env\n/bin/cat\n') {
  const directory = await mkdtemp(join(tmpdir(), 'sops-program-'));
  const file = join(directory, 'sops');
  await writeFile(file, script);
  await chmod(file, 0o755);
  const [disk, memory] = [join(directory, 'disk'), join(directory, 'memory')];
  const sops = createSops({
    program: file,
    directory: disk,
    memoryDirectory: memory,
    gpg: { program: '/abs/gpg', home: '/abs/home' },
    environment: ENVIRONMENT,
    clock: systemClock,
    logger: silentLogger(),
  });
  onTestFinished(async () => {
    await sops.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { sops, disk, memory };
}

describe('sops reads a file from a pipe', () => {
  test('of which nothing is left anywhere', async () => {
    const { sops, disk, memory } = await open();
    const outcome = await sops.decrypt(Buffer.from('content'), 'yaml', NONE, { timeoutMs: 10_000, outputBytes: 10_000 });
    expect(outcome.kind === 'built' && `${outcome.output}`).toMatch(/^decrypt --input-type yaml --output-type yaml\n.*content$/s);
    expect(await readdir(join(memory, 'own'))).toEqual([]);
    await expect(readdir(disk)).rejects.toThrow('ENOENT');
  });

  test.each([
    [NONE, { SOPS_AGE_KEY: undefined, GNUPGHOME: undefined, https_proxy: undefined, HTTPS_PROXY: 'http://0.0.0.0:0' }],
    [
      { ...NONE, age: 'AGE-1' },
      { SOPS_AGE_KEY: 'AGE-1', GNUPGHOME: undefined },
    ],
    [
      { ...NONE, pgp: true },
      { GNUPGHOME: '/abs/home', SOPS_GPG_EXEC: '/abs/gpg' },
    ],
    [
      { ...NONE, services: ['kms'] },
      { AWS_ACCESS_KEY_ID: 'aws', https_proxy: 'http://proxy:1', HTTPS_PROXY: '' },
    ],
    [{ ...NONE, services: ['gcp_kms'] }, { GOOGLE_APPLICATION_CREDENTIALS: 'google' }],
    [{ ...NONE, services: ['azure_kv'] }, { AZURE_CLIENT_ID: 'azure' }],
    [{ ...NONE, services: ['hc_vault'] }, { VAULT_TOKEN: 'vault' }],
  ] as const)('%j: with what its keys need, and nothing else', async (keys, expected) => {
    const { sops } = await open();
    const outcome = await sops.decrypt(Buffer.from(''), 'json', keys, { timeoutMs: 10_000, outputBytes: 10_000 });
    const lines = outcome.kind === 'built' ? `${outcome.output}`.split('\n') : [];
    const seen = Object.fromEntries(
      lines
        .filter((line) => line.includes('='))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    const others = Object.keys(ENVIRONMENT).filter((name) => name !== 'HOME' && !(name in expected));
    expect(seen).toMatchObject(Object.fromEntries(Object.entries(expected).filter(([, value]) => value !== undefined)));
    for (const [name, value] of Object.entries(expected)) expect([name, seen[name]]).toEqual([name, value]);
    for (const name of others) if (name !== 'https_proxy') expect([name, seen[name]]).toEqual([name, undefined]);
    expect([seen.PATH, seen.HOME?.includes('canary')]).toEqual(['/nonexistent', false]);
  });
});

test('runs that wait for key services leave places to those that need none', async () => {
  const { sops } = await open('#!/bin/sh\n[ -z "$VAULT_TOKEN" ] || exec /bin/sleep 600\n/bin/cat\n');
  const ended = new AbortController();
  const limits = { timeoutMs: 600_000, outputBytes: 10_000 };
  const services = ['hc_vault'] as const;
  const waiting = Promise.allSettled(
    Array.from({ length: 4 }, () =>
      sops.decrypt(Buffer.from(''), 'yaml', { ...NONE, services }, { ...limits, signal: ended.signal }),
    ),
  );
  expect(await sops.decrypt(Buffer.from('own'), 'yaml', NONE, limits)).toMatchObject({
    kind: 'built',
    output: Buffer.from('own'),
  });
  ended.abort(new Error('enough'));
  expect(await waiting).toMatchObject(Array(4).fill({ status: 'rejected', reason: { message: 'enough' } }));
});
