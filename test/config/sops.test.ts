import { describe, expect, test } from 'vitest';
import { parseFlags, tryArguments } from '../../src/config/index.ts';

const GIT = '--git-url=git@example.org:o/r';
const parsed = (...args: readonly string[]) => tryArguments([GIT, ...args]);

describe('decryption is configured by flags', () => {
  test('not without --sops', () => {
    expect(parsed().config.sops).toBeUndefined();
    expect(parsed('--sops-age-key-file=/a').problems).toEqual(['invalid --sops-age-key-file: it needs --sops']);
    expect(parsed('--sops-allow-key-service=aws-kms').problems).toEqual(['invalid --sops-allow-key-service: it needs --sops']);
  });

  test('keys and services', () => {
    const { config, problems } = parsed(
      '--sops',
      '--sops-age-key-file=/a,/b',
      '--sops-allow-key-service=aws-kms,gcp-kms=projects/p/*',
      '--sops-allow-key-service=azure-kv=https://n.vault.azure.net/',
      '--sops-allow-key-service=vault=http://vault:8200',
    );
    expect(problems).toEqual([]);
    expect(config.sops).toEqual({
      ageKeyFiles: ['/a', '/b'],
      keyServices: [
        { kind: 'kms', keys: '*' },
        { kind: 'gcp_kms', keys: 'projects/p/*' },
        { kind: 'azure_kv', origin: 'https://n.vault.azure.net' },
        { kind: 'hc_vault', origin: 'http://vault:8200' },
      ],
    });
  });

  test.each([
    ['vault', 'the flag must name the one that is allowed: vault=https://vault.example.org'],
    ['vault=vault.example.org', 'vault=https://vault.example.org'],
    ['vault=https://u:p@vault.example.org', 'vault=https://vault.example.org'],
    ['vault=https://vault.example.org/v1', 'vault=https://vault.example.org'],
    ['azure-kv', 'azure-kv=https://NAME.vault.azure.net'],
    ['azure-kv=http://n.vault.azure.net', 'azure-kv=https://NAME.vault.azure.net'],
    ['aws-kms=', 'aws-kms= names no key'],
    ['hckms', 'there is no key service "hckms"; use aws-kms, gcp-kms, azure-kv=URL or vault=URL'],
  ])('%s is refused', (value, message) => {
    expect(parsed('--sops', `--sops-allow-key-service=${value}`).problems).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    [['--sops'], true],
    [['--sops', '--sops-age-key-file=/a'], false],
    [['--sops', '--git-gpg-key-import=/a'], false],
    [['--sops', '--sops-allow-key-service=aws-kms'], false],
  ])('%j warns of missing keys: %s', (args, warns) => {
    const flags = parseFlags([GIT, ...args], { version: '1', environment: {}, readFile: () => '' });
    expect('warnings' in flags && flags.warnings.some(({ flag }) => flag === 'sops')).toBe(warns);
  });
});
