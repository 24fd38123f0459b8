import { describe, expect, test } from 'vitest';
import { ACCESS, ARN, imitatedKms, imitatedVault, LOSSES, type Loss, TOKEN } from './key-services.ts';
import { ageKey, encrypt, open, runSops } from './sops.ts';

const SECRET = 'stringData:\n    password: hunter2\n';
const AWS = { AWS_ACCESS_KEY_ID: ACCESS.id, AWS_SECRET_ACCESS_KEY: ACCESS.secret };

/** A file for a key service that loses its first request in one way when it is asked to decrypt. */
const SERVICES = {
  async 'AWS KMS'(loss?: Loss) {
    const kms = await imitatedKms();
    const encrypted = await runSops(['encrypt', '--filename-override', 'a.yaml', '--kms', ARN], SECRET, {
      ...AWS,
      AWS_ENDPOINT_URL_KMS: kms.origin,
    });
    const { requests, origin } = await imitatedKms(loss);
    return {
      encrypted,
      requests,
      shown: `AWS KMS ${ARN}`,
      options: { services: [{ kind: 'kms', keys: '*' }], environment: { ...AWS, AWS_ENDPOINT_URL_KMS: origin } } as const,
      wrong: { ...AWS, AWS_SECRET_ACCESS_KEY: 'canary', AWS_ENDPOINT_URL_KMS: origin },
      said: 'InvalidSignatureException',
    };
  },
  async Vault(loss?: Loss) {
    const before = await imitatedVault();
    const uri = `${before.origin}/v1/transit/keys/flux`;
    const encrypted = await runSops(['encrypt', '--filename-override', 'a.yaml', '--hc-vault-transit', uri], SECRET, {
      VAULT_TOKEN: TOKEN,
    });
    const { requests, origin } = await imitatedVault(loss);
    return {
      encrypted: Buffer.from(`${encrypted}`.replace(before.origin, origin)),
      requests,
      shown: `Vault ${origin} transit/flux`,
      options: { services: [{ kind: 'hc_vault', origin }], environment: { VAULT_TOKEN: TOKEN } } as const,
      wrong: { VAULT_TOKEN: 'canary' },
      said: 'permission denied',
    };
  },
} as const;

describe.each(['AWS KMS', 'Vault'] as const)('%s', (name) => {
  test('gives the data key', async () => {
    const { encrypted, requests, options } = await SERVICES[name]();
    const { decrypt } = await open(options);
    expect(`${await decrypt('a.yaml', encrypted)}`).toBe(SECRET);
    expect(requests).toHaveLength(1);
  });

  test.each(LOSSES)('gives it after the loss of a request: %s', async (loss) => {
    const { encrypted, options } = await SERVICES[name](loss);
    const { decrypt } = await open(options);
    // What sops does not repeat is tried again by the next sync.
    const first = await decrypt('a.yaml', encrypted).catch((error: unknown) => error);
    if (!Buffer.isBuffer(first)) expect(first).toMatchObject({ code: 'decryption/key-failed' });
    expect(`${await decrypt('a.yaml', encrypted)}`).toBe(SECRET);
  });

  test('refuses wrong credentials, and its words are not shown', async () => {
    const { encrypted, options, wrong, shown, said } = await SERVICES[name]();
    const { decrypt } = await open({ ...options, environment: wrong });
    const error = await decrypt('a.yaml', encrypted).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'decryption/key-failed',
      message: expect.stringContaining(`none of ${shown} gave its data key: `),
    });
    expect(String(error)).toContain(said);
    expect(String(error)).not.toContain('canary');
  });

  test('is not asked where the flag does not allow it, and age decrypts instead', async () => {
    const { encrypted, requests, options } = await SERVICES[name]();
    await expect((await open({ environment: options.environment })).decrypt('a.yaml', encrypted)).rejects.toMatchObject({
      code: 'decryption/service-not-allowed',
    });
    const { identity, recipient } = await ageKey();
    const own = `${await encrypt('a.env', 'A=hunter2\n', '--age', recipient)}`;
    const { decrypt, given } = await open({ identities: [[recipient, identity]], environment: options.environment });
    const key =
      name === 'Vault'
        ? 'hc_vault__list_0__map_vault_address=https://evil.example.org\nsops_hc_vault__list_0__map_engine_path=transit\nsops_hc_vault__list_0__map_key_name=flux\nsops_hc_vault'
        : `kms__list_0__map_arn=${ARN}\nsops_kms`;
    const both = `${own}sops_${key}__list_0__map_created_at=2030-01-01T00:00:00Z\nsops_${name === 'Vault' ? 'hc_vault' : 'kms'}__list_0__map_enc=x\n`;
    expect(`${await decrypt('a.env', both)}`).toBe('A=hunter2\n');
    expect(given.join('')).not.toMatch(/evil|arn:/);
    expect(requests).toEqual([]);
  });
});

test('an INI file that hides metadata from fluxd makes sops ask no other Vault', async () => {
  const [allowed, other] = [await imitatedVault(), await imitatedVault()];
  const uri = `${allowed.origin}/v1/transit/keys/flux`;
  const own = `${await runSops(['encrypt', '--filename-override', 'a.ini', '--hc-vault-transit', uri], '[a]\nx = hunter2\n', { VAULT_TOKEN: TOKEN })}`;
  const asked = allowed.requests.length;
  const [values = '', metadata = ''] = own.split('[sops]\n');
  const hides = `${values}\u0085[sops]\n${metadata.replace(allowed.origin, other.origin)}[b]\nk = v \\\n[sops]\n${metadata}`;
  const { decrypt } = await open({
    services: [{ kind: 'hc_vault', origin: allowed.origin }],
    environment: { VAULT_TOKEN: TOKEN },
  });
  expect(`${await decrypt('a.ini', own)}`).toBe('[a]\nx = hunter2\n');
  await expect(decrypt('a.ini', hides)).rejects.toMatchObject({ code: 'decryption/bad-metadata' });
  expect([allowed.requests.length - asked, other.requests.length]).toEqual([1, 0]);
});
