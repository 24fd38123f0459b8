import { listedKeys } from './key-listing.ts';
import type { Keyring } from './keyring.ts';
import type { Signing } from './signing.ts';

/** Signs by a private key of the keyring. */
export function gpgSigning({ gpg, agent }: Keyring, key: string): Signing {
  return {
    key,
    prepare: agent.ensure,
    async problem() {
      await agent.ensure();
      const { ok, said } = await gpg.trySigning(key);
      if (ok) return undefined;
      const listed = listedKeys((await gpg.listSecretKeys(key)).stdout);
      return `GPG key "${key}" ${stateOf(listed.map(({ validity }) => validity)) ?? `is refused by gpg: ${said}`}`;
    },
    async distrust() {
      const keys = listedKeys((await gpg.listSecretKeys(key)).stdout);
      const trusted = new Set(
        listedKeys((await gpg.listKeys()).stdout).flatMap(({ fingerprint, validity }) =>
          /^[uf]$/.test(validity) ? [fingerprint] : [],
        ),
      );
      return keys.some(({ fingerprint }) => trusted.has(fingerprint)) ? undefined : `GPG key "${key}" is not trusted`;
    },
  };
}

function stateOf(validities: readonly string[]): string | undefined {
  if (validities.length === 0) return 'is not in the keyring, or its private part is not';
  if (validities.every((validity) => validity === 'e')) return 'has expired';
  if (validities.every((validity) => validity === 'r')) return 'is revoked';
  return undefined;
}
