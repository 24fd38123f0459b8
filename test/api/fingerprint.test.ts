import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { havePart } from '../support/part.ts';
import { daemonOf, serve } from './daemon-fixture.ts';

async function identityOf(publicKey: string) {
  const config = { url: '', branch: 'b', paths: [], state: { status: 'ready' }, publicKey } as const;
  await using api = await serve(daemonOf({ gitConfig: async () => config }));
  return JSON.parse((await api.get('/api/flux/v6/identity.pub')).body);
}

/** Made by ssh-keygen 9.2, so that this holds where there is none. */
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUYsWwXzdDFmkVV4NgWVlLzCA3C0VYOTiRrVdhCh1xV flux@example.org';

test('a key is told with a newline, and with md5 and sha256 fingerprints', async () => {
  const { key, fingerprints } = await identityOf(`${KEY}\n`);
  expect(key).toBe(`${KEY}\n`);
  expect(fingerprints.md5.hash).toMatch(/^(?:[0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  expect(fingerprints.sha256.hash).toMatch(/^[A-Za-z0-9+/]{43}$/);
  expect(fingerprints.sha256.randomart).toMatch(/^\+--\[ED25519 256\]--\+\n(?:\|.{17}\|\n){9}\+----\[SHA256\]-----\+\n$/);
});

test.each(['ssh-ed25519', 'ssh-ed25519 AAAA', 'nonsense', 'ssh-ed25519 //// x'])('%j has no fingerprints', async (text) => {
  expect(await identityOf(text)).toEqual({ key: `${text}\n`, fingerprints: null });
});

function hasKeygen(): boolean {
  try {
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
  return true;
}

describe.runIf(havePart('ssh-keygen', hasKeygen()))('fingerprints are those of ssh-keygen', () => {
  test.each([
    ['ed25519', '256'],
    ['ecdsa', '256'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
  ])('%s %s', async (type, bits) => {
    const directory = mkdtempSync(join(tmpdir(), 'flux-key-'));
    try {
      const file = join(directory, 'identity');
      execFileSync('ssh-keygen', ['-q', '-N', '', '-t', type, '-b', bits, '-C', 'flux@test', '-f', file]);
      const { fingerprints } = await identityOf(readFileSync(`${file}.pub`, 'utf8'));
      for (const hash of ['md5', 'sha256'] as const) {
        const printed = execFileSync('ssh-keygen', ['-l', '-v', '-E', hash, '-f', `${file}.pub`], { encoding: 'utf8' });
        expect(printed).toContain(` ${hash.toUpperCase()}:${fingerprints[hash].hash} `);
        expect(printed.endsWith(`\n${fingerprints[hash].randomart}`)).toBe(true);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
