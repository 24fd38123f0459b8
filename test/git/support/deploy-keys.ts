import { join } from 'node:path';
import { FluxError, silentLogger, systemClock } from '../../../src/base/index.ts';
import { createDeployKeys, type DeployKeyOptions, type DeployKeys } from '../../../src/git/index.ts';
import { temporaryDirectory } from './repository.ts';

const OUTSIDE = () => Promise.reject(new FluxError('outside of the cluster', { code: 'secret/no-namespace' }));

/** The deploy key of a daemon outside of a cluster, unless a Secret is given. */
export function deployKeys(options: Partial<DeployKeyOptions> & { readonly mountedFile: string }): DeployKeys {
  return createDeployKeys({
    secret: { name: 'flux-git-deploy', namespace: OUTSIDE, read: OUTSIDE, write: OUTSIDE },
    dataKey: 'identity',
    keygen: { type: 'ed25519' },
    directories: [join(temporaryDirectory(), 'ssh')],
    urls: ['git@example.org:acme/config'],
    environment: { PATH: process.env.PATH, HOME: '/nonexistent' },
    clock: systemClock,
    log: silentLogger(),
    ...options,
  });
}
