import { FluxError, isJsonMap, parseYamlDocuments } from '../../base/index.ts';

/** A value, or a comment, as sops writes it. */
const ENCRYPTED = /ENC\[[^\]]*\]/g;

/**
 * The text of a file after an edit that keeps what sops encrypted as it is, and its checksum (MAC) valid. Any text may be given: where
 * nothing is encrypted, the edit is made as it is.
 * @throws FluxError `decryption/edit-refused`, or as `edit` does
 */
export function editEncrypted(text: string, edit: (text: string) => string): string {
  const encrypted = text.includes('ENC[') ? metadataOf(text) : [];
  if (encrypted.length === 0) return edit(text);
  const edited = editVisible(text, edit);
  if (edited === text) return text;
  if (encryptedIn(text) !== encryptedIn(edited))
    throw refused(
      'the value is encrypted',
      'Change it by "sops set" or "sops edit", or leave it unencrypted (encrypted_regex or unencrypted_regex in .sops.yaml).',
    );
  if (encrypted.some(({ mac_only_encrypted: isOfEncrypted }) => isOfEncrypted !== true))
    throw refused(
      'the checksum (MAC) of the file covers what is not encrypted, too',
      'Set mac_only_encrypted: true for the file in .sops.yaml and encrypt it again, or make the change by "sops set".',
    );
  return edited;
}

/** What names an object may be encrypted itself; then it is not found. */
function editVisible(text: string, edit: (text: string) => string): string {
  try {
    return edit(text);
  } catch (error) {
    if (!(error instanceof FluxError) || error.code !== 'manifests/not-found') throw error;
    throw refused(
      'kind, name or container of the object are encrypted, so that it is not found',
      'Let sops encrypt only what is secret (encrypted_regex in .sops.yaml), or make the change by "sops set".',
      error,
    );
  }
}

/** What sops writes about each encrypted document. */
function metadataOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  return [...parseYamlDocuments(text)].flatMap((document) => {
    const sops = !document.error && isJsonMap(document.value) ? document.value.sops : undefined;
    return isJsonMap(sops) && typeof sops.mac === 'string' ? [sops] : [];
  });
}

function encryptedIn(text: string): string {
  return (text.match(ENCRYPTED) ?? []).join('\n');
}

/** The error for an edit of an encrypted file. */
export function refused(why: string, help: string, cause?: FluxError): FluxError {
  return new FluxError(`an encrypted file cannot be changed here: ${why}`, {
    code: 'decryption/edit-refused',
    fault: 'user',
    help: `Nothing was changed. ${help}`,
    ...(cause === undefined ? {} : { cause }),
  });
}
