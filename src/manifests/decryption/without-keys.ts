import { isUtf8 } from 'node:buffer';
import { FluxError } from '../../base/index.ts';
import type { ManifestThread } from '../manifest-thread.ts';
import { type Decrypter, mayBeEncrypted } from './decrypter.ts';
import { formatOf } from './format.ts';

/** Refuses encrypted files, where there are no keys: what a program makes of them is not what fluxd applies. */
export function createRefusingDecrypter(thread: ManifestThread): Decrypter {
  return {
    mayBeEncrypted,
    async decrypt({ path, content }, { signal }) {
      if (!isUtf8(content)) return undefined;
      const file = { path, format: formatOf(path), text: content.toString('utf8') };
      if (await thread.metadataOf(file, signal)) throw encrypted(path);
      return undefined;
    },
  };
}

function encrypted(path: string): FluxError {
  return new FluxError(
    `${path} is encrypted by SOPS, and only fluxd decrypts: push a branch, and see it by fluxctl diff --revision`,
    { code: 'manifests/encrypted', fault: 'user' },
  );
}
