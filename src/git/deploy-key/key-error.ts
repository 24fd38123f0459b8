import { FluxError } from '../../base/index.ts';

/** Error for a key that is there and cannot be used; `where` is its file or Secret. */
export function unusableKey(where: string, why: string, cause: unknown): FluxError {
  return new FluxError(`deploy key ${where}: ${why}`, {
    code: 'git/deploy-key',
    help: 'It must be a private key without passphrase, in a format of ssh-keygen, that fluxd can read.',
    cause,
  });
}

/** Error for a Secret that may not be read or written: the right that is missing, and the way without it. */
export function secretRefused(verb: 'read' | 'write', { name, namespace }: Place, cause: FluxError): FluxError {
  const forbidden = cause.code === 'cluster/forbidden';
  return new FluxError(`deploy key: fluxd cannot ${verb} the Secret ${name} in namespace ${namespace}: ${cause.message}`, {
    code: 'git/deploy-key',
    ...(forbidden ? { help: missingRight({ name, namespace }) } : cause.help === undefined ? {} : { help: cause.help }),
    cause,
  });
}

interface Place {
  readonly name: string;
  readonly namespace: string;
}

function missingRight({ name, namespace }: Place): string {
  return [
    `Grant the service account of fluxd the verbs get and patch on the Secret ${name} (resourceNames) in namespace ${namespace}, and create the Secret if it does not exist.`,
    'Or create the key by hand, and mount the Secret:',
    '',
    '  ssh-keygen -q -t ed25519 -N "" -C flux -f identity',
    `  kubectl -n ${namespace} create secret generic ${name} --from-file=identity --dry-run=client -o yaml | kubectl apply --server-side --force-conflicts -f -`,
    '',
    'Then give identity.pub to the Git host, as a deploy key with write access.',
    '',
  ].join('\n');
}

/** Error for a request to regenerate, where no key of ours is in use. */
export function usesNoKey(): FluxError {
  return new FluxError('this daemon uses no SSH key: no repository is reached over SSH', {
    code: 'git/no-deploy-key',
    fault: 'user',
    help: 'A deploy key is for URLs such as git@github.com:you/config; http(s) has credentials of its own.\n',
  });
}

/** Code of the error of a daemon outside of the cluster. */
export const OUTSIDE = 'git/no-key-generation';

/** Error for a request to regenerate outside of the cluster, where there is no Secret. */
export function noSecret(file: string, cause: unknown): FluxError {
  return new FluxError('this daemon cannot store a new key: it runs outside of the cluster, where it has no Secret', {
    code: OUTSIDE,
    fault: 'user',
    help: `Create a key with ssh-keygen as ${file}, and give its public half to the Git host.\n`,
    cause,
  });
}
