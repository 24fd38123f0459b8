import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cut, FluxError, messageOf } from '../../base/index.ts';
import { parseSignatureRule, type SignatureDemands, type SignatureRule, whyUnusable } from '../../policy/index.ts';
import type { FaultByIdentity } from './by-identity.ts';
import { type IsSignedBy, parsePublicKey } from './public-key.ts';
import type { BasisOf, TrustedSigners } from './verifier.ts';

export interface SignersOptions {
  /** Directory of public keys, `<name>.pub`; no keys when absent. */
  readonly keysDirectory?: string | undefined;
  /** File with a Sigstore trust root; no identities are verified when absent. */
  readonly trustRootFile?: string | undefined;
  /** Of `--registry-verify`, as given. They must be verifiable by these. */
  readonly rules: readonly string[];
  /** Of fluxd: a fix of the verification counts for all images at once. */
  readonly version: string;
}

/** By what signatures are verified, and which images must have which. */
export interface ImageSigners extends TrustedSigners {
  readonly basisOf: BasisOf;
  readonly demands: SignatureDemands;
}

const KEY_FILE = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)\.pub$/;

/**
 * Reads by what image signatures are verified.
 * @throws FluxError `config/bad-signature-key`, `config/bad-trust-root`, `config/bad-verify`.
 */
export async function openSigners({
  keysDirectory,
  trustRootFile,
  rules: texts,
  version,
}: SignersOptions): Promise<ImageSigners> {
  const rules = texts.map(ruleOf);
  const read = keysDirectory === undefined ? new Map<string, Key>() : await readKeys(keysDirectory);
  const root = trustRootFile === undefined ? undefined : await readTrustRoot(trustRootFile);
  const keys = new Map([...read].map(([name, { isSignedBy }]) => [name, isSignedBy]));
  const demands = { rules, keys: [...keys.keys()], keyless: root !== undefined };
  for (const { images, policy } of rules) {
    const problem = whyUnusable(policy, demands);
    if (problem !== undefined)
      throw new FluxError(`invalid policy ${JSON.stringify(policy.text)} for ${images} in --registry-verify: it ${problem}`, {
        code: 'config/bad-verify',
        fault: 'user',
        help:
          policy.kind === 'key' ? keysHelp(keys) : 'Give the file that cosign trusted-root create, or your own Sigstore, makes.',
      });
  }
  const basisOf: BasisOf = (policy) => {
    const text = policy.kind === 'key' ? read.get(policy.key)?.pem : root?.text;
    return text === undefined
      ? undefined
      : createHash('sha256')
          .update(JSON.stringify([version, policy.kind, text]))
          .digest('base64url');
  };
  return { keys, demands, basisOf, ...(root ? { byIdentity: root.byIdentity } : {}) };
}

interface Key {
  readonly isSignedBy: IsSignedBy;
  readonly pem: string;
}

function ruleOf(text: string): SignatureRule {
  const rule = parseSignatureRule(text);
  if (!('problem' in rule)) return rule;
  throw new FluxError(`invalid --registry-verify ${JSON.stringify(cut(text))}: it ${rule.problem}`, {
    code: 'config/bad-verify',
    fault: 'user',
    help: 'Write an image glob, "=" and a policy, such as ghcr.io/acme/*=cosign:acme.',
  });
}

function keysHelp(keys: ReadonlyMap<string, unknown>): string {
  return keys.size === 0 ? 'It has no keys.' : `It has ${[...keys.keys()].sort().join(', ')}.`;
}

/** Other files, such as the private key in the Secret that cosign makes, are left alone. */
async function readKeys(directory: string): Promise<ReadonlyMap<string, Key>> {
  const names = await readdir(directory).catch((error: unknown) => {
    throw badKeys(`cannot read ${directory}: ${messageOf(error)}`, error);
  });
  const keys = new Map<string, Key>();
  for (const file of names.filter((name) => name.endsWith('.pub')).sort()) {
    const path = join(directory, file);
    const name = KEY_FILE.exec(file)?.[1];
    if (name === undefined)
      throw badKeys(`the name of ${path} is not that of a key: it has up to 63 letters, digits, "-", "_" and "." before .pub`);
    const pem = await readFile(path, 'utf8').catch((error: unknown) => {
      throw badKeys(`cannot read ${path}: ${messageOf(error)}`, error);
    });
    const key = await parsePublicKey(pem);
    if ('problem' in key) throw badKeys(`${path} ${key.problem}`);
    keys.set(name, { isSignedBy: key, pem });
  }
  return keys;
}

function badKeys(message: string, cause?: unknown): FluxError {
  return new FluxError(`invalid key in --registry-verify-keys: ${message}`, {
    code: 'config/bad-signature-key',
    fault: 'user',
    help: 'Write public keys as cosign generate-key-pair or openssl pkey -pubout does, each to a file <name>.pub.',
    cause,
  });
}

/** The verification of identities is loaded only where it is used. */
async function readTrustRoot(file: string): Promise<{ readonly byIdentity: FaultByIdentity; readonly text: string }> {
  try {
    const text = await readFile(file, 'utf8');
    const { verifierByIdentity } = await import('./by-identity.ts');
    return { byIdentity: verifierByIdentity(text), text };
  } catch (error) {
    throw new FluxError(`invalid trust root ${file} in --registry-verify-trust-root: ${messageOf(error)}`, {
      code: 'config/bad-trust-root',
      fault: 'user',
      help: 'Give a trusted_root.json, as cosign trusted-root create, or your own Sigstore, makes it.',
      cause: error,
    });
  }
}
