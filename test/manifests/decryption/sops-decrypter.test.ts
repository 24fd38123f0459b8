import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { describe, expect, test } from 'vitest';
import type { KeyService } from '../../../src/manifests/decryption/key-services.ts';
import type { SopsKeys } from '../../../src/manifests/decryption/sops-program.ts';
import { createSopsDecrypter, ManifestThread } from '../../../src/manifests/index.ts';
import type { BuildOutcome } from '../../../src/repository/index.ts';
import { sampled } from '../../support/sampled.ts';
import { longestTurn } from '../../support/turn-cpu.ts';

const TIME = '2030-01-01T00:00:00Z';
const CREATED = { created_at: TIME, enc: 'abc' };
const FINGERPRINT = 'A5CED6D575AA5FCAE6A740069117E2ABBAE5CC1E';
const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d';
const VAULT = { vault_address: 'https://vault.example.org', engine_path: 'transit', key_name: 'flux', ...CREATED };

const thread = new ManifestThread();

interface Options {
  readonly identities?: readonly (readonly [recipient: string, identity: string])[];
  readonly pgp?: readonly string[];
  readonly services?: readonly KeyService[];
  readonly outcome?: BuildOutcome | Error;
}

function open({ identities = [], pgp = [], services = [], outcome }: Options = {}) {
  const runs: { text: string; format: string; keys: SopsKeys }[] = [];
  let [now, listings] = [0, 0];
  const decrypter = createSopsDecrypter({
    program: {
      async decrypt(content, format, keys) {
        runs.push({ text: content.toString(), format, keys });
        if (outcome instanceof Error) throw outcome;
        return outcome ?? { kind: 'built', output: Buffer.from('clear') };
      },
    },
    ageKeys: async () => ({ identities: new Map(identities), problems: [] }),
    pgpKeys: async () => {
      listings += 1;
      return pgp;
    },
    services,
    timeoutMs: 1000,
    clock: { monotonic: () => now },
    thread,
  });
  const decrypt = (content: string, path = 'a.yaml') => decrypter.decrypt({ path, content: Buffer.from(content) }, {});
  /** The keys that sops got. */
  const given = () => {
    const {
      age,
      pgp: fingerprints,
      kms,
      gcp_kms,
      azure_kv,
      hc_vault,
    } = JSON.parse(/^sops: (.*)$/m.exec(runs[0]?.text ?? '')?.[1] ?? '{}');
    return { age, pgp: fingerprints, kms, gcp_kms, azure_kv, hc_vault };
  };
  const pass = (ms: number) => {
    now += ms;
  };
  return { decrypt, runs, given, pass, listings: () => listings };
}

const file = (keys: object) =>
  `a: b\nsops:\n    mac: ENC[x]\n    lastmodified: "${TIME}"\n${Object.entries(keys)
    .map(([name, value]) => `    ${name}: ${JSON.stringify(value)}\n`)
    .join('')}`;

/** Encrypts a value as sops does. */
function enc(value: string, key: Buffer, place: string, type = 'str'): string {
  const iv = randomBytes(32);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(place));
  const data = Buffer.concat([cipher.update(value), cipher.final()]).toString('base64');
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${cipher.getAuthTag().toString('base64')},type:${type}]`;
}

/** A file for a key of age, whose MAC is over the values. */
async function byAge(write: (key: Buffer) => string, values: string, more: object = {}) {
  const identity = await generateX25519Identity();
  const recipient = await identityToRecipient(identity);
  const key = randomBytes(32);
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const wrapped = armor.encode(await encrypter.encrypt(key));
  const mac = enc(createHash('sha512').update(values).digest('hex').toUpperCase(), key, TIME);
  const sops = { age: [{ recipient, enc: wrapped }], lastmodified: TIME, mac, ...more };
  const yaml = `${write(key)}sops: ${JSON.stringify(sops)}\n`;
  return { identities: [[recipient, identity] as const], yaml };
}

describe('by a key of age, without sops', () => {
  test('values are decrypted in their places', async () => {
    const write = (key: Buffer) =>
      `kind: Secret # stays\ndata:\n    a: ${enc('one: "two"\n', key, 'kind_:')}\n`.replace(
        /a: ENC.*/,
        () => `a: ${enc('one: "two"\n', key, 'data:a:')}`,
      ) +
      `list:\n    - ${enc('7', key, 'list:', 'int')}\n    - ${enc('True', key, 'list:', 'bool')}\n    - ""\n    - null\nb_unencrypted: 12\n`;
    const { identities, yaml } = await byAge(
      (key) => write(key).replace('kind: Secret', `kind: ${enc('Secret', key, 'kind:')}`),
      'Secretone: "two"\n7True12',
    );
    const { decrypt, runs } = open({ identities });
    expect(`${await decrypt(yaml)}`).toBe(
      'kind: "Secret" # stays\ndata:\n    a: "one: \\"two\\"\\n"\nlist:\n    - 7\n    - true\n    - ""\n    - null\nb_unencrypted: 12\n',
    );
    expect(runs).toEqual([]);
  });

  test.each([
    ['a value of another place', (key: Buffer) => `a: ${enc('x', key, 'b:')}\n`, 'x', {}],
    ['another order of values', (key: Buffer) => `a: ${enc('x', key, 'a:')}\nb: ${enc('y', key, 'b:')}\n`, 'yx', {}],
    ['a clear value among encrypted ones', () => 'a: clear\n', 'clear', {}],
    ['a tag', (key: Buffer) => `a: !!str ${enc('x', key, 'a:')}\n`, 'x', {}],
    ['an alias', (key: Buffer) => `a: &x ${enc('x', key, 'a:')}\nb: *x\n`, 'xx', {}],
    ['a number that readers differ about', () => 'a_unencrypted: 0x10\n', '16', {}],
    ['a rule about comments', (key: Buffer) => `a: ${enc('x', key, 'a:')}\n`, 'x', { encrypted_comment_regex: 'sops' }],
    ['two rules', (key: Buffer) => `a: ${enc('x', key, 'a:')}\n`, 'x', { encrypted_regex: 'a', encrypted_suffix: 'a' }],
    ['an encrypted comment', (key: Buffer) => `# ${enc(' c', key, 'a:', 'comment')}\na: ${enc('x', key, 'a:')}\n`, 'x', {}],
  ])('%s is left to sops', async (_, write, values, more) => {
    const { identities, yaml } = await byAge(write, values, more);
    const { decrypt, runs } = open({ identities });
    expect(`${await decrypt(yaml)}`).toBe('clear');
    expect(runs).toMatchObject([{ format: 'yaml', keys: { age: identities[0]?.[1], pgp: false, services: [] } }]);
  });

  test.each([
    [{ encrypted_regex: '^(data|stringData)$' }, 'data', true],
    [{ encrypted_regex: '^(data|stringData)$' }, 'other', false],
    [{ unencrypted_regex: '^other' }, 'other', false],
    [{ unencrypted_regex: '^other' }, 'data', true],
    [{ encrypted_suffix: '_x' }, 'data_x', true],
    [{ encrypted_suffix: '_x' }, 'data', false],
    [{ unencrypted_suffix: '_x' }, 'data_x', false],
  ])('%j decides about %s', async (rule, name, isEncrypted) => {
    const write = (key: Buffer) => `${name}:\n    a: ${isEncrypted ? enc('x', key, `${name}:a:`) : 'x'}\n`;
    const { identities, yaml } = await byAge(write, 'x', rule);
    const { decrypt, runs } = open({ identities });
    expect(`${await decrypt(yaml)}`).toBe(`${name}:\n    a: ${isEncrypted ? '"x"' : 'x'}\n`);
    expect(runs).toEqual([]);
  });
});

describe('sops gets the keys that may be used', () => {
  const kms = { arn: ARN, ...CREATED };
  test.each<readonly [string, object, Options, object]>([
    [
      'a service without address',
      { kms: [kms] },
      { services: [{ kind: 'kms', keys: '*' }] },
      { kms: [{ ...kms, aws_profile: '' }] },
    ],
    [
      'without the profile',
      { kms: [{ ...kms, aws_profile: 'other', context: { a: 'b' } }] },
      { services: [{ kind: 'kms', keys: 'arn:aws:kms:eu-west-1:*' }] },
      { kms: [{ ...kms, aws_profile: '', context: { a: 'b' } }] },
    ],
    [
      'one Vault of two',
      { hc_vault: [VAULT, { ...VAULT, vault_address: 'https://evil.example.org' }] },
      { services: [{ kind: 'hc_vault', origin: 'https://vault.example.org' }] },
      { hc_vault: [VAULT] },
    ],
    [
      'PGP without a service',
      { kms: [kms], pgp: [{ fp: FINGERPRINT, ...CREATED }] },
      { pgp: [FINGERPRINT] },
      { pgp: [{ fp: FINGERPRINT, ...CREATED }] },
    ],
    [
      'nothing unknown',
      { pgp: [{ fp: FINGERPRINT, more: 1, ...CREATED }], other: [{}] },
      { pgp: [FINGERPRINT] },
      { pgp: [{ fp: FINGERPRINT, ...CREATED }] },
    ],
  ])('%s', async (_, keys, options, expected) => {
    const { decrypt, given } = open(options);
    expect(`${await decrypt(file(keys))}`).toBe('clear');
    expect(given()).toEqual(expected);
  });

  test.each<readonly [string, object, Options]>([
    ['without the flag', { kms: [kms] }, {}],
    ['a role', { kms: [{ ...kms, role: 'arn:aws:iam::111122223333:role/x' }] }, { services: [{ kind: 'kms', keys: '*' }] }],
    ['another account', { kms: [kms] }, { services: [{ kind: 'kms', keys: 'arn:aws:kms:eu-west-1:999999999999:*' }] }],
    [
      'a host in a region',
      { kms: [{ ...kms, arn: ARN.replace('eu-west-1', 'x.evil.example.org/') }] },
      { services: [{ kind: 'kms', keys: '*' }] },
    ],
    ['a host in a resource', { gcp_kms: [{ resource_id: '../x', ...CREATED }] }, { services: [{ kind: 'gcp_kms', keys: '*' }] }],
    ...[
      'https://vault.example.org.evil.example',
      'https://vault.example.org@evil.example',
      'https://vault.example.org:8200',
      'http://vault.example.org',
      'https://vault.example.org/v1',
      'https://vault.example.org\\@evil.example',
      'https:vault.example.org',
    ].map(
      (vault_address) =>
        [
          `Vault at ${vault_address}`,
          { hc_vault: [{ ...VAULT, vault_address }] },
          { services: [{ kind: 'hc_vault', origin: 'https://vault.example.org' }] },
        ] as const,
    ),
    [
      'a path of Vault that leaves it',
      { hc_vault: [{ ...VAULT, engine_path: '../sys' }] },
      { services: [{ kind: 'hc_vault', origin: 'https://vault.example.org' }] },
    ],
    [
      'a key of Vault that leaves it',
      { hc_vault: [{ ...VAULT, key_name: '../../sys/x?y' }] },
      { services: [{ kind: 'hc_vault', origin: 'https://vault.example.org' }] },
    ],
    [
      'another vault of Azure',
      { azure_kv: [{ vault_url: 'https://evil.vault.azure.net', name: 'a', version: 'b', ...CREATED }] },
      { services: [{ kind: 'azure_kv', origin: 'https://n.vault.azure.net' }] },
    ],
  ])('a key service is not asked: %s', async (_, keys, options) => {
    const { decrypt, runs } = open(options);
    await expect(decrypt(file(keys))).rejects.toMatchObject({
      code: 'decryption/service-not-allowed',
      message: expect.stringContaining('--sops-allow-key-service'),
    });
    expect(runs).toEqual([]);
  });

  test('many files ask once for the keys of GPG, and later ones again', async () => {
    const { decrypt, listings, pass } = open({ pgp: [FINGERPRINT] });
    const read = () => decrypt(file({ pgp: [{ fp: FINGERPRINT, ...CREATED }] }));
    await Promise.all(Array.from({ length: 20 }, read));
    await read();
    expect(listings()).toBe(1);
    pass(10_000);
    await read();
    expect(listings()).toBe(2);
  });

  test('keys of groups are counted', async () => {
    const group = { pgp: [{ fp: FINGERPRINT, ...CREATED }] };
    const { decrypt } = open({ pgp: [FINGERPRINT] });
    expect(`${await decrypt(file({ key_groups: [group, group], shamir_threshold: 2 }))}`).toBe('clear');
    await expect(decrypt(file({ key_groups: [group, { age: [] }], shamir_threshold: 2 }))).rejects.toMatchObject({
      code: 'decryption/no-key',
    });
  });
});

describe('an error says what happened, without anything that sops printed', () => {
  const failed = (status: number, stderr = ''): BuildOutcome => ({ kind: 'failed', failure: { kind: 'exit', status }, stderr });
  test.each<readonly [string, BuildOutcome, string, string]>([
    ['changed values', failed(51, 'MAC mismatch. canary'), 'decryption/bad-mac', 'it was changed after sops encrypted it'],
    ['a changed value', failed(25, 'canary'), 'decryption/bad-mac', 'it was changed'],
    [
      'a refusing key',
      failed(128, '  | - error: Access\n  |   canary\n  |   permission\n  |   denied'),
      'decryption/key-failed',
      `none of PGP ${FINGERPRINT} gave its data key: permission denied`,
    ],
    ['another error', failed(1, 'canary'), 'decryption/failed', 'sops failed with exit status 1'],
    [
      'a signal',
      { kind: 'failed', failure: { kind: 'signal', signal: 'SIGKILL' }, stderr: 'canary' },
      'decryption/failed',
      'a.yaml was not decrypted: sops was ended by SIGKILL',
    ],
    [
      'a timeout',
      { kind: 'failed', failure: { kind: 'limit', limit: 'time', bound: '30 s' }, stderr: 'canary' },
      'decryption/timed-out',
      'within 30 s',
    ],
    [
      'much output',
      { kind: 'failed', failure: { kind: 'limit', limit: 'output', bound: '8 MiB' }, stderr: 'canary' },
      'decryption/too-large',
      '8 MiB',
    ],
  ])('%s', async (_, outcome, code, message) => {
    const { decrypt } = open({ pgp: [FINGERPRINT], outcome });
    const error = await decrypt(file({ pgp: [{ fp: FINGERPRINT, ...CREATED }] })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  });

  test('an error that no one foresaw is one of the file', async () => {
    const { decrypt } = open({ pgp: [FINGERPRINT], outcome: new RangeError('canary') });
    const error = await decrypt(file({ pgp: [{ fp: FINGERPRINT, ...CREATED }] })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'decryption/failed', message: 'a.yaml cannot be decrypted: RangeError in fluxd' });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  });

  test('of a file for other keys, with those of both', async () => {
    const { decrypt } = open({ identities: [['age1own', 'AGE-SECRET-KEY-canary']], pgp: [FINGERPRINT] });
    await expect(
      decrypt(
        file({ age: [{ recipient: 'age1other\n\u001b[2J', enc: 'x' }], pgp: [{ fp: `B${FINGERPRINT.slice(1)}`, ...CREATED }] }),
      ),
    ).rejects.toMatchObject({
      code: 'decryption/no-key',
      message: `a.yaml cannot be decrypted: it is encrypted for PGP B${FINGERPRINT.slice(1)}, age age1other??[2J, and fluxd has age age1own, PGP ${FINGERPRINT}`,
    });
  });

  test.each([
    ['metadata without MAC', 'a: b\nsops: {age: []}\n', 'decryption/bad-metadata'],
    ['101 keys', file({ age: Array.from({ length: 101 }, () => ({ recipient: 'a', enc: 'b' })) }), 'decryption/bad-metadata'],
    ['a long file', `${file({})}# ${'x'.repeat(4 << 20)}`, 'decryption/too-large'],
  ])('of %s', async (_, content, code) => {
    await expect(open().decrypt(content)).rejects.toMatchObject({ code });
  });
});

describe('a long file is looked into by the thread', () => {
  test('and sops gets the same of it', async () => {
    const keys = { pgp: [{ fp: FINGERPRINT, ...CREATED }] };
    const long = `# ${'x'.repeat(40_000)}\n${file({ ...keys, kms: [{ arn: ARN, ...CREATED }] })}`;
    const { decrypt, runs, given } = open({ pgp: [FINGERPRINT] });
    expect(`${await decrypt(long)}`).toBe('clear');
    expect(runs[0]?.text.slice(0, 40_000)).toBe(long.slice(0, 40_000));
    expect(given()).toEqual({ ...given(), ...keys, kms: undefined });
    await expect(decrypt(`${long}sops: {}\n`)).rejects.toMatchObject({ code: 'decryption/bad-metadata' });
    expect(await decrypt(`# ${'x'.repeat(40_000)}\n`)).toBeUndefined();
  });

  const LENGTH = 1_500_000;
  test.each(
    sampled(
      'long files that sops encrypted',
      [
        ['a.json', '['.repeat(LENGTH)],
        ['a.json', `{${'"a":1,'.repeat(LENGTH / 6)}"sops":1}`],
        ['a.yaml', 'a:\n'.repeat(LENGTH / 3)],
        ['a.yaml', `sops:\n${' -\n'.repeat(80_000)}`],
        ['a.yaml', `sops:\n${' -\n'.repeat(5_000)}`],
        ['a.ini', `[sops]\n${'a=\n'.repeat(LENGTH / 3)}`],
        ['a.env', `${'sops_=\n'.repeat(LENGTH / 7)}`],
      ] as const,
      3,
    ),
  )('and blocks nothing: %s', async (path, content) => {
    const { decrypt } = open();
    const looked = () => decrypt(content.slice(0, LENGTH), path).catch((error: unknown) => error);
    const { cpuMs } = await longestTurn(looked);
    expect(cpuMs).toBeLessThan(50);
  });
});
