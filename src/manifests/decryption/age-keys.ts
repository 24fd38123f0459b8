import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../base/index.ts';

/** Private keys of age, without those that a plugin of age would use. */
export interface AgeKeys {
  /** By their public keys, as files name them. */
  readonly identities: ReadonlyMap<string, string>;
  /** Why a file has no keys to use, for people. */
  readonly problems: readonly string[];
}

/** One key a line; comments and empty lines are left out. Post-quantum keys have `PQ` in their name. */
const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,2000}$/;
const MAX_BYTES = 1 << 20;

interface Known {
  readonly state: string;
  readonly keys: AgeKeys;
}

/** Reads files of age keys, as `age-keygen` writes them, and again when one of them has changed. */
export function openAgeKeys(files: readonly string[]): () => Promise<AgeKeys> {
  let known: Known | undefined;
  return async () => {
    const states = await Promise.all(files.map(stateOf));
    const state = states.join('\n');
    if (known?.state !== state) known = { state, keys: await readAll(files) };
    return known.keys;
  };
}

/** Changes when the file does, also when a mounted file is replaced. */
function stateOf(file: string): Promise<string> {
  return stat(file, { bigint: true }).then(
    ({ ino, size, mtimeNs }) => `${ino} ${size} ${mtimeNs}`,
    (error: unknown) => messageOf(error),
  );
}

async function readAll(files: readonly string[]): Promise<AgeKeys> {
  const [identities, problems]: [string[], string[]] = [[], []];
  for (const file of files) {
    try {
      const found = identitiesIn(await readFile(file, { encoding: 'utf8' }));
      identities.push(...found);
      if (found.length === 0) problems.push(`${file} has no age key`);
    } catch (error) {
      problems.push(`the file of age keys cannot be read: ${messageOf(error)}`);
    }
  }
  return { identities: await byRecipient(identities, problems), problems };
}

function identitiesIn(text: string): readonly string[] {
  if (text.length > MAX_BYTES) return [];
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => IDENTITY.test(line));
}

async function byRecipient(identities: readonly string[], problems: string[]): Promise<AgeKeys['identities']> {
  const { identityToRecipient } = await import('age-encryption');
  const keys = new Map<string, string>();
  for (const identity of identities) {
    const recipient = await identityToRecipient(identity).catch(() => undefined);
    if (recipient === undefined) problems.push('a key of --sops-age-key-file is damaged');
    else keys.set(recipient, identity);
  }
  return keys;
}
