import { FluxError } from '../../base/index.ts';
import type { BuildOutcome } from '../../repository/index.ts';
import type { AgeKeys } from './age-keys.ts';
import { isServiceKey, SERVICE_NAMES } from './key-services.ts';
import type { MasterKey, Metadata } from './metadata.ts';
import { saidBySops } from './said-by-sops.ts';
import { shownFew, shownKey } from './shown-key.ts';

/** What fluxd could decrypt with. */
export interface OwnKeys {
  readonly age: AgeKeys;
  /** Fingerprints of the secret keys of GPG, with those of their subkeys. */
  readonly pgp: readonly string[];
}

const KEPT = 'What the file has in the cluster stays as it is, and nothing is deleted.';

/** Exit codes of sops (cmd/sops/codes): the MAC differs, is missing or cannot be decrypted, or a value cannot. */
const CHANGED = new Set([24, 25, 51, 52]);
const NO_DATA_KEY = 128;

/** The error for a file that none of our keys opens, and no key service that is allowed. */
export function noKey(path: string, { groups, threshold }: Metadata, own: OwnKeys): FluxError {
  const keys = groups.flat();
  const services = keys.filter(isServiceKey);
  const needed = threshold > 1 ? `, of ${threshold} of its ${groups.length} groups of keys` : '';
  const problems = own.age.problems.length > 0 ? ` (${shownFew(own.age.problems)})` : '';
  if (services.length > 0) {
    const names = [...new Set(services.map(({ kind }) => SERVICE_NAMES[kind]))].join(', ');
    return new FluxError(
      `${path} cannot be decrypted: it needs ${shownFew(keys.map(shownKey))}${needed}, and --sops-allow-key-service does not allow that for fluxd${problems}`,
      {
        code: 'decryption/service-not-allowed',
        fault: 'user',
        help: `If fluxd may ask this service, start it with --sops-allow-key-service (${names}); keys that name a role are never asked for. Or add a key that fluxd has (${ownShown(own)}) by "sops updatekeys". ${KEPT}`,
      },
    );
  }
  return new FluxError(
    `${path} cannot be decrypted: it is encrypted for ${shownFew(keys.map(shownKey))}${needed}, and fluxd has ${ownShown(own)}${problems}`,
    {
      code: 'decryption/no-key',
      fault: 'user',
      help: `Give fluxd one of the keys (--sops-age-key-file, --git-gpg-key-import), or add one that it has by "sops updatekeys". ${KEPT}`,
    },
  );
}

function ownShown({ age, pgp }: OwnKeys): string {
  const keys = [
    ...[...age.identities.keys()].map((recipient) => `age ${recipient}`),
    ...pgp.map((fingerprint) => `PGP ${fingerprint}`),
  ];
  return keys.length === 0 ? 'no key' : shownFew(keys);
}

/** The error for a run of sops that failed, with nothing of the file. */
export function sopsFailed(
  path: string,
  keys: readonly MasterKey[],
  { failure, stderr }: Extract<BuildOutcome, { readonly kind: 'failed' }>,
): FluxError {
  const said = saidBySops(stderr);
  const why = said === '' ? '' : `: ${said}`;
  switch (failure.kind) {
    case 'limit':
      if (failure.limit === 'time')
        return new FluxError(`${path} was not decrypted within ${failure.bound}${why}`, {
          code: 'decryption/timed-out',
          help: `See whether fluxd reaches ${shownFew(keys.map(shownKey))}. It is tried again. ${KEPT}`,
        });
      return tooLarge(path, `sops exceeded the limit of ${failure.limit}, ${failure.bound}`);
    case 'signal':
      return endedBySignal(path, 'sops', failure.signal);
    case 'exit':
      if (failure.status === NO_DATA_KEY)
        return new FluxError(`${path} cannot be decrypted: none of ${shownFew(keys.map(shownKey))} gave its data key${why}`, {
          code: 'decryption/key-failed',
          help: `See whether fluxd reaches the key service, and may decrypt there. It is tried again. ${KEPT}`,
        });
      return CHANGED.has(failure.status) ? badMac(path) : failed(path, `sops failed with exit status ${failure.status}${why}`);
  }
}

/** The error for a file whose key services did not answer for another one. */
export function notAsked(path: string, keys: readonly MasterKey[]): FluxError {
  return new FluxError(`${path} was not decrypted: ${shownFew(keys.map(shownKey))} did not answer for another file`, {
    code: 'decryption/timed-out',
    help: `See whether fluxd reaches it. It is tried again. ${KEPT}`,
  });
}

/** The error for a program that something else ended. It says nothing about the file. */
export function endedBySignal(path: string, program: 'sops' | 'gpg', signal: string): FluxError {
  return new FluxError(`${path} was not decrypted: ${program} was ended by ${signal}`, {
    code: 'decryption/failed',
    help: `The system does that with SIGKILL where memory is short: see the limit of the container. It is tried again. ${KEPT}`,
  });
}

function badMac(path: string): FluxError {
  return new FluxError(`${path} cannot be decrypted: it was changed after sops encrypted it`, {
    code: 'decryption/bad-mac',
    fault: 'user',
    help: `Change such files with "sops edit" or "sops set" alone; a merge of two of them has to be encrypted again. ${KEPT}`,
  });
}

/** The error for a mistake of ours that a file brought out. Its own message may quote the file. */
export function unexpected(path: string, error: unknown): FluxError {
  return failed(path, `${error instanceof Error ? error.name : 'an unknown error'} in fluxd`);
}

export function tooLarge(path: string, why: string): FluxError {
  return new FluxError(`${path} cannot be decrypted: ${why}`, {
    code: 'decryption/too-large',
    fault: 'user',
    help: `Split the file. ${KEPT}`,
  });
}

function failed(path: string, why: string): FluxError {
  return new FluxError(`${path} cannot be decrypted: ${why}`, {
    code: 'decryption/failed',
    help: `"sops decrypt" of the file shows what fluxd does not, since it may quote the file. It is tried again. ${KEPT}`,
  });
}
