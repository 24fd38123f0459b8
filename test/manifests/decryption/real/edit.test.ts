import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createManifests, type FileChange } from '../../../../src/manifests/index.ts';
import { temporaryDirectory } from '../../../git/support/repository.ts';
import { ageKey, runSops } from './sops.ts';

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
    name: web
    annotations:
        a: b
spec:
    template:
        spec:
            containers:
                - name: web
                  image: acme/web:1
                  env:
                    - name: PASSWORD
                      value: hunter2
`;

/** A file as sops encrypts it by such rules, after edits of its image and annotations, as sops decrypts it. */
async function edited(rules: string): Promise<string> {
  const { identity, recipient } = await ageKey();
  const config = join(temporaryDirectory(), 'sops.yaml');
  writeFileSync(config, `creation_rules:\n    - age: ${recipient}\n${rules}`);
  const text = (await runSops(['--config', config, 'encrypt', '--filename-override', 'web.yaml'], DEPLOYMENT)).toString();
  const target = { document: 1, kind: 'Deployment', name: 'web' };
  const changes: readonly FileChange[] = [
    { kind: 'images', images: [{ target, container: 'web', image: 'acme/web:2' }] },
    { kind: 'annotations', target, annotations: new Map([['fluxcd.io/automated', 'true']]) },
  ];
  let current = text;
  for (const change of changes) {
    const [edit] = await createManifests().edit('web.yaml', change, async () => current);
    current = edit?.content ?? current;
  }
  const clear = await runSops(['decrypt', '--filename-override', 'web.yaml'], current, { SOPS_AGE_KEY: identity });
  return clear.toString();
}

test('what fluxd changes in an encrypted file, sops accepts where the MAC is of encrypted values alone', async () => {
  const clear = await edited('      encrypted_regex: ^value$\n      mac_only_encrypted: true\n');
  expect(clear).toContain('acme/web:2');
  expect(clear).toContain('fluxcd.io/automated');
  expect(clear).toContain('value: hunter2');
});

test.each([
  ['a MAC of all values', '      encrypted_regex: ^value$\n'],
  ['an encrypted image', '      encrypted_regex: ^(image|value)$\n      mac_only_encrypted: true\n'],
  ['encrypted names', '      mac_only_encrypted: true\n'],
])('a change that sops would not accept is refused: %s', async (_, rules) => {
  await expect(edited(rules)).rejects.toMatchObject({ code: 'decryption/edit-refused' });
});
