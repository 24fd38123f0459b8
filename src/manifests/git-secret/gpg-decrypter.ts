import { type Cancellable, FluxError } from '../../base/index.ts';
import type { BuildOutcome } from '../../repository/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { EncryptedFile, HiddenFiles } from '../decryption/decrypter.ts';
import { endedBySignal } from '../decryption/failures.ts';
import type { GpgProgram } from './gpg-program.ts';

export interface GpgDecrypterOptions {
  readonly program: GpgProgram;
  /** The longest that a run of gpg may take, in milliseconds. */
  readonly timeoutMs: number;
}

const KEY_ID = /^\[GNUPG:\] ENC_TO ([0-9A-F]{16}) /gm;
const DECRYPTED = /^\[GNUPG:\] DECRYPTION_OKAY$/m;
/** gpg 2.2 says it in words alone. */
const NO_KEY = /^(?:\[GNUPG:\] NO_SECKEY |gpg: decryption failed: No secret key$)/m;
const SHOWN = 5;

/** Decrypts what git-secret hides, which is a message of OpenPGP for the keys of some people. */
export function createGpgDecrypter({ program, timeoutMs }: GpgDecrypterOptions): HiddenFiles {
  return {
    async decrypt({ path, content }: EncryptedFile, { signal }: Cancellable) {
      signal?.throwIfAborted();
      const outcome = await program.decrypt(content, {
        timeoutMs,
        outputBytes: MAX_FILE_BYTES,
        ...(signal ? { signal } : {}),
      });
      if (outcome.kind === 'failed') throw failed(path, outcome);
      return outcome.output;
    },
  };
}

const KEPT = 'What the file has in the cluster stays as it is, and nothing is deleted.';

/** Of what gpg says only the ids of keys are shown. */
function failed(path: string, { failure, stderr }: Extract<BuildOutcome, { readonly kind: 'failed' }>): FluxError {
  if (failure.kind === 'limit' && failure.limit === 'time')
    return new FluxError(`${path} was not decrypted within ${failure.bound}`, {
      code: 'decryption/timed-out',
      help: `It is tried again. ${KEPT}`,
    });
  if (failure.kind === 'limit')
    return new FluxError(`${path} cannot be decrypted: gpg exceeded the limit of ${failure.limit}, ${failure.bound}`, {
      code: 'decryption/too-large',
      fault: 'user',
      help: `Split the file. ${KEPT}`,
    });
  if (failure.kind === 'signal') return endedBySignal(path, 'gpg', failure.signal);
  const keys = [...stderr.matchAll(KEY_ID)].map(([, id]) => id);
  if (NO_KEY.test(stderr) && !DECRYPTED.test(stderr))
    return new FluxError(`${path} cannot be decrypted: it is encrypted for PGP ${few(keys)}, and fluxd has none of these keys`, {
      code: 'decryption/no-key',
      fault: 'user',
      help: `Give fluxd one of the keys (--git-gpg-key-import), or add one that it has by "git secret tell" and "git secret hide". ${KEPT}`,
    });
  return new FluxError(`${path} cannot be decrypted: gpg refuses it`, {
    code: 'decryption/failed',
    fault: 'user',
    help: `It may be damaged: run "git secret hide" again. "gpg --decrypt" shows what fluxd does not, since it may quote the file. ${KEPT}`,
  });
}

function few(keys: readonly (string | undefined)[]): string {
  const more = keys.length > SHOWN ? ` and ${keys.length - SHOWN} more` : '';
  return `${keys.slice(0, SHOWN).join(', ')}${more}`;
}
