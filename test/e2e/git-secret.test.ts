import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { gpg, haveSigners } from '../git/support/signing-keys.ts';
import { thorough } from '../support/sampled.ts';
import { manifest, path, startWorld, until, type World } from './harness/index.ts';

const CANARY = 'canary-of-git-secret';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** A key that can decrypt, in a file. */
function keyFile(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flux-git-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  gpg(['--passphrase', '', '--quick-generate-key', `${name}@example.org`, 'future-default', 'default', 'never']);
  const file = join(folder, 'key.asc');
  writeFileSync(file, gpg(['--armor', '--export-secret-keys', `${name}@example.org`]));
  return file;
}

/** As `git secret hide` does. */
function hide(text: string, name: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'flux-hide-'));
  try {
    const [clear, hidden] = [join(folder, 'a'), join(folder, 'a.secret')];
    writeFileSync(clear, text);
    gpg(['--trust-model=always', '--yes', '--output', hidden, '--recipient', `${name}@example.org`, '--encrypt', clear]);
    return readFileSync(hidden);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.runIf(haveSigners())('with --git-secret', () => {
  test.runIf(thorough('git-secret, end to end'))(
    'hidden files are applied and shown nowhere; one for another key is named, and nothing is deleted',
    async () => {
      const shop = world.namespace('hidden');
      const [ours, theirs] = [world.unique('ours'), world.unique('theirs')];
      const key = keyFile(ours);
      keyFile(theirs);
      const secret = `apiVersion: v1\nkind: Secret\nmetadata: { name: login, namespace: ${shop} }\nstringData: { password: ${CANARY} }\n`;
      const repository = await world.repository();
      const first = await repository.commit('Hide it', {
        '.gitsecret/paths/mapping.cfg': `app/login.yaml:${'0'.repeat(64)}\n`,
        'app/namespace.yaml': manifest.namespace(shop),
        'app/map.yaml': manifest.configMap(shop, 'map'),
        'app/login.yaml.secret': hide(secret, ours),
      });
      const fluxd = await world.fluxd(repository, {
        args: ['--git-secret', `--git-gpg-key-import=${key}`, '--git-path=app', '--sync-garbage-collection'],
      });
      await repository.synced(first);
      const login = await world.kube.get(`api/v1/namespaces/${shop}/secrets/login`);
      expect(Buffer.from(login.data.password, 'base64').toString()).toBe(CANARY);

      const second = await repository.commit('For somebody else', {
        'app/login.yaml.secret': hide(secret.replace(CANARY, 'other'), theirs),
        'app/map.yaml': null,
      });
      const synced = await fluxd.fluxctl('sync');
      expect(synced.stdout).toMatch(
        /app\/login\.yaml: app\/login\.yaml cannot be decrypted: it is encrypted for PGP [0-9A-F]{16}/,
      );
      await until('it is recorded', async () => (await repository.resolve('refs/tags/flux-sync')) === second);
      expect(await world.kube.find(path.configMap(shop, 'map'))).toBeDefined();
      expect(await world.kube.get(`api/v1/namespaces/${shop}/secrets/login`)).toMatchObject({ data: login.data });

      const notes = await repository.git('log', '--all', '--patch', '--format=%B');
      expect([fluxd.log(), notes, synced.stdout, synced.stderr].filter((text) => text.includes(CANARY))).toEqual([]);
    },
  );
});
