import { redact } from '../../base/index.ts';
import type { GitConfig } from '../../controller/index.ts';
import { publicKeyToWire } from '../identity/public-key.ts';
import type { GitConfigWire } from '../wire/index.ts';

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
