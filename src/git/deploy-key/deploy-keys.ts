import pLimit from 'p-limit';
import {
  asFluxError,
  type Cancellable,
  type Clock,
  createChangedOnly,
  FluxError,
  hasCode,
  type Logger,
  waitOrAbort,
} from '../../base/index.ts';
import { checkFile } from '../names.ts';
import { chooseKeys, type Keys } from './choose-keys.ts';
import { noSecret, OUTSIDE, secretRefused, usesNoKey } from './key-error.ts';
import { type KeyPair, samePrivateKey } from './key-pair.ts';
import { CURRENT, createKeyReader } from './key-reader.ts';
import type { KeySecret, KeySecretChange } from './key-secret.ts';
import type { KeygenOptions } from './ssh-keygen.ts';
import { firstKey, regenerated, type StoredKeys, settled, storedKeys } from './stored-keys.ts';

export interface DeployKeyOptions {
  /** Private key that is mounted from the Secret, as Flux v1 expects it; the file need not exist. */
  readonly mountedFile: string;
  readonly secret: KeySecret;
  /** The Secret's key of the private key. */
  readonly dataKey: string;
  readonly keygen: KeygenOptions;
  /** Directories for the private files; the first that can be written is used. */
  readonly directories: readonly string[];
  /** The repositories that are reached over SSH; at least one. */
  readonly urls: readonly string[];
  /** The daemon's own environment, of which ssh-keygen gets a part. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A new key that the host of a repository has not accepted alone yet. */
export interface Unproven {
  /** Its private file. */
  readonly file: string;
  /** Called when the host has accepted it. Never throws. */
  accepted(): Promise<void>;
}

/** The deploy key of a daemon, which all its sources use. */
export interface DeployKeys {
  /**
   * Looks for the key, at most once in half a minute, and generates the first one. Throws only when aborted: without a key git fails, and
   * `explain` says why.
   */
  refresh(options?: Cancellable): Promise<void>;
  /** The private files that ssh offers, in this order. */
  files(): readonly string[];
  /** The public key as an OpenSSH line, or empty. */
  publicKey(): Promise<string>;
  /**
   * Generates a key, stores it as the current one, and resolves to its public half.
   * @throws FluxError `git/deploy-key`, `git/keygen`, `git/no-deploy-key`, `git/no-key-generation`.
   */
  regenerate(options?: Cancellable): Promise<string>;
  /** The new key, while the one before is offered as well, and the host of this URL has not accepted the new one alone. */
  unproven(url: string): Unproven | undefined;
  /** The error of a fetch, with what is wrong with the key if the host denied access. */
  explain(error: FluxError): FluxError;
}

/** The deploy key of a source without one. */
export const NO_DEPLOY_KEY: Pick<DeployKeys, 'publicKey' | 'regenerate'> = {
  publicKey: async () => '',
  regenerate: () => Promise.reject(usesNoKey()),
};

/** How long what was found counts as current. */
const FRESH_MS = 30_000;
/** Timeout of one request. */
const REQUEST_MS = 5_000;
/** Another daemon may write the Secret at the same time. */
const ATTEMPTS = 3;
const PREVIOUS = `${CURRENT}.previous`;

/**
 * Finds the deploy key: mounted, else in the Secret, else generated and stored there. All state is in the Secret, whose writes carry a
 * precondition, so that several daemons end with one key, and a killed one leaves no half key.
 * @throws FluxError `git/bad-option`
 */
export function createDeployKeys(options: DeployKeyOptions): DeployKeys {
  const { mountedFile, secret, dataKey, urls, clock, log } = options;
  checkFile('SSH identity file', mountedFile);
  for (const directory of options.directories) checkFile('directory of the deploy key', directory);
  const reader = createKeyReader(options);
  const inTurn = pLimit(1);
  const changedOnly = createChangedOnly();
  let keys: Keys | undefined;
  let files: readonly string[] = [mountedFile];
  let problem: FluxError | undefined;
  /** The Secret as last read, which counts while the API server does not answer. */
  let stored: StoredKeys | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  /** URLs whose host has accepted the current key alone. */
  const acceptedBy = new Set<string>();

  async function readSecret(): Promise<StoredKeys> {
    using deadline = clock.deadline(REQUEST_MS);
    try {
      stored = storedKeys(await secret.read({ signal: deadline.signal }), dataKey);
    } catch (error) {
      throw await refusal('read', error);
    }
    return stored;
  }

  /** False when another daemon came first. */
  async function writeSecret(change: KeySecretChange, { version }: StoredKeys): Promise<boolean> {
    using deadline = clock.deadline(REQUEST_MS);
    try {
      stored = storedKeys(await secret.write(change, { expected: version, signal: deadline.signal }), dataKey);
      return true;
    } catch (error) {
      if (hasCode(error, 'secret/conflict')) return false;
      throw await refusal('write', error);
    }
  }

  /** Writes what `change` makes of the Secret, again when another daemon came first; nothing when it has nothing to change. */
  async function update(change: (stored: StoredKeys) => Promise<KeySecretChange | undefined>): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = await readSecret();
      const wanted = await change(before);
      if (!wanted || (await writeSecret(wanted, before))) return;
    }
    throw new FluxError(`Secret ${secret.name} is changed all the time by another client`, { code: 'git/deploy-key' });
  }

  /** What is there now, by what was last read of the Secret. */
  async function find(): Promise<Keys | undefined> {
    const where = `in Secret ${secret.name}`;
    const pair = (privateKey: Buffer | undefined) => privateKey && reader.pairOf(privateKey, where);
    // The one before does not matter as long as the current one is good.
    const [current, previous] = [await pair(stored?.current), await pair(stored?.previous)?.catch(() => undefined)];
    const mounted = await reader.mounted().catch((error: unknown) => {
      if (current) return undefined;
      throw error;
    });
    return chooseKeys({ mounted, current, previous, replaced: stored?.replaced ?? [] });
  }

  async function look(): Promise<void> {
    try {
      const unread = await readSecret().then(
        () => undefined,
        (error: unknown) => asFluxError(error, { code: 'git/deploy-key' }),
      );
      let found = await find();
      if (!found && !unread) found = await makeFirst();
      if (found) await use(found);
      else if (unread && unread.code !== OUTSIDE) throw unread;
      problem = undefined;
      changedOnly.recovered('problem');
      await settle();
    } catch (error) {
      problem = asFluxError(error, { code: 'git/deploy-key' });
      if (changedOnly.hasChanged('problem', problem.message)) log.warn({ err: problem }, 'no usable deploy key');
    }
    lookedAt = clock.monotonic();
  }

  /** Stores a first key, or the one in use if it was taken out of the Secret. Another daemon may be faster. */
  async function makeFirst(): Promise<Keys | undefined> {
    let made = keys?.current;
    await update(async ({ current }) => {
      if (current) return undefined;
      made ??= await reader.generate();
      return firstKey(made, dataKey);
    });
    return find();
  }

  async function use(found: Keys): Promise<void> {
    const { current, previous } = found;
    const { place, remove } = await reader.files();
    const isNew = !samePrivateKey(keys?.current, current);
    const file = await place(CURRENT, current.privateKey);
    files = previous ? [file, await place(PREVIOUS, previous.privateKey)] : [file];
    if (!previous) await remove(PREVIOUS);
    keys = found;
    if (!isNew) return;
    acceptedBy.clear();
    log.info({ 'identity.pub': current.publicKey.trim() }, 'deploy key');
  }

  /** Takes the key before out of the Secret once every host has accepted the current one. */
  async function settle(): Promise<void> {
    const current = keys?.current;
    if (!current || !keys?.previous || !urls.every((url) => acceptedBy.has(url))) return;
    try {
      await update(async (now) => {
        const isOurs = now.current !== undefined && samePrivateKey(current, { privateKey: now.current });
        return isOurs && now.previous ? settled(dataKey) : undefined;
      });
      const found = await find();
      if (found) await use(found);
      changedOnly.recovered('settle');
      log.info('every Git host has accepted the new deploy key; the one before is removed');
    } catch (err) {
      if (changedOnly.hasChanged('settle', String(err))) log.warn({ err }, 'removing the replaced deploy key failed; retrying');
    }
  }

  async function makeNew(): Promise<string> {
    let made: KeyPair | undefined;
    try {
      await update(async (before) => {
        made ??= await reader.generate();
        return regenerated(before, (await find())?.current ?? keys?.current, made, dataKey);
      });
    } catch (error) {
      // The request may have been carried out all the same.
      lookedAt = Number.NEGATIVE_INFINITY;
      throw error;
    }
    const found = await find();
    if (found) await use(found);
    return found?.current.publicKey ?? '';
  }

  /** The error of a request about the Secret, with what is missing. */
  async function refusal(verb: 'read' | 'write', thrown: unknown): Promise<FluxError> {
    const error = asFluxError(thrown, { code: 'git/deploy-key' });
    if (error.code === 'secret/no-namespace') return noSecret(mountedFile, error);
    return secretRefused(verb, { name: secret.name, namespace: await secret.namespace() }, error);
  }

  async function refresh({ signal }: Cancellable = {}): Promise<void> {
    if (clock.monotonic() - lookedAt < FRESH_MS) return;
    looking ??= inTurn(look).finally(() => {
      looking = undefined;
    });
    await waitOrAbort(looking, signal);
  }

  return {
    refresh,
    files: () => files,

    async publicKey() {
      const looked = refresh();
      if (!keys) await looked;
      return keys?.current.publicKey ?? '';
    },

    regenerate: ({ signal } = {}) => waitOrAbort(inTurn(makeNew), signal),

    unproven(url) {
      const [file, previous] = files;
      if (file === undefined || previous === undefined || acceptedBy.has(url)) return undefined;
      const proven = keys?.current;
      return {
        file,
        accepted: () =>
          inTurn(async () => {
            if (!proven || !samePrivateKey(keys?.current, proven)) return;
            acceptedBy.add(url);
            await settle();
          }),
      };
    },

    explain(error) {
      if (error.code !== 'git/denied' || !problem) return error;
      const help = problem.help ?? error.help;
      return new FluxError(`${error.message}; ${problem.message}`, {
        code: problem.code,
        ...(help === undefined ? {} : { help }),
        cause: error,
      });
    },
  };
}
