import { redact } from '../../base/index.ts';
import type { GitConfig } from '../../controller/index.ts';
import type { GitConfigWire, PublicKeyWire } from '../wire/index.ts';
import { fingerprintsOf } from './fingerprint.ts';

export function gitConfigToWire({ url, branch, paths, state, publicKey }: GitConfig): GitConfigWire {
  const unready = state.status === 'ready' ? '' : 'git repo has not been cloned yet';
  return {
    // Without a repository, Flux v1 shows only the scheme.
    remote: { url: redact(url) || 'file:', branch, path: paths.join(',') },
    publicSSHKey: publicKeyToWire(publicKey),
    status: state.status,
    errors: state.error ? redact(state.error.message) : unready,
  };
}

export function publicKeyToWire(publicKey: string): PublicKeyWire {
  const key = publicKey.trim();
  return key === '' ? { key: '', fingerprints: null } : { key: `${key}\n`, fingerprints: fingerprintsOf(key) };
}
