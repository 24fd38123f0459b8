import type { MasterKey } from './metadata.ts';

const MAX_LENGTH = 200;
const MAX_SHOWN = 5;

/** A key as people know it: recipients, fingerprints and addresses are no secrets, and stand in clear in the file. */
export function shownKey(key: MasterKey): string {
  switch (key.kind) {
    case 'age':
      return `age ${plain(key.recipient)}`;
    case 'pgp':
      return `PGP ${plain(key.fp)}`;
    case 'kms':
      return `AWS KMS ${plain(key.arn)}${key.role ? ` as the role ${plain(key.role)}` : ''}`;
    case 'gcp_kms':
      return `GCP KMS ${plain(key.resource_id)}`;
    case 'azure_kv':
      return `Azure Key Vault ${plain(key.vault_url)} ${plain(key.name)}`;
    case 'hc_vault':
      return `Vault ${plain(key.vault_address)} ${plain(key.engine_path)}/${plain(key.key_name)}`;
  }
}

/** The first few of a list, and how many others there are. */
export function shownFew(texts: readonly string[]): string {
  const unique = [...new Set(texts)];
  const rest = unique.length - MAX_SHOWN;
  return unique.slice(0, MAX_SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Printable, without spaces, and not long. */
function plain(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, MAX_LENGTH);
}
