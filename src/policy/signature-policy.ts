import { matchGlob } from '../base/index.ts';
import type { PullSecrets } from '../image/index.ts';
import { containerPolicy } from './container-policy.ts';
import type { Policies } from './policies.ts';

/** Whose signature an image must have. */
export type SignaturePolicy =
  /** Of the holder of a key, by the name that fluxd knows the key by. */
  | { readonly kind: 'key'; readonly text: string; readonly key: string }
  /** Of an identity that an OpenID Connect issuer vouches for. `*` in the identity matches any characters, `@` only at its end. */
  | { readonly kind: 'keyless'; readonly text: string; readonly identity: string; readonly issuer: string };

/** A policy for all images whose canonical name matches a glob. */
export interface SignatureRule {
  readonly images: string;
  readonly policy: SignaturePolicy;
}

/** What a daemon demands of images, and by what it can verify them. */
export interface SignatureDemands {
  readonly rules: readonly SignatureRule[];
  /** Names of the keys. */
  readonly keys: readonly string[];
  /** Whether identities can be verified. */
  readonly keyless: boolean;
}

export const NO_SIGNATURE_DEMANDS: SignatureDemands = { rules: [], keys: [], keyless: false };

/** Why a text is not a policy. */
export interface BadSignaturePolicy {
  readonly text: string;
  readonly problem: string;
}

/** Asks for the first of some images, newest first, that fulfils all policies. */
export interface SignatureQuestion {
  /** Canonical name of the repository. */
  readonly image: string;
  /** `digest` if it is not that of the tag. */
  readonly candidates: readonly { readonly tag: string; readonly digest?: string }[];
  readonly policies: readonly SignaturePolicy[];
}

/** What a person who waits asks about one repository: what was unsigned a moment ago is verified again. */
export interface UrgentQuestions {
  /** Canonical name. */
  readonly image: string;
  /** About this repository. */
  readonly questions: readonly SignatureQuestion[];
  /** Of the workloads that are to have the images, by which a repository is read that is not watched. */
  readonly pullSecrets: readonly PullSecrets[];
}

const MAX_LENGTH = 1024;
const KEY = /^cosign:([A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)$/;
const KEYLESS = /^cosign-keyless:([\x21-\x7e]+)@(https:\/\/[\x21-\x3f\x41-\x7e]+)$/;

/**
 * Parses `cosign:<key name>` or `cosign-keyless:<identity>@<issuer>`, which is split at the last `@`: identities are e-mail addresses, or
 * workflows at a Git ref. Never throws.
 */
export function parseSignaturePolicy(text: string): SignaturePolicy | BadSignaturePolicy {
  if (text.length > MAX_LENGTH) return { text, problem: `is longer than ${MAX_LENGTH} characters` };
  const key = KEY.exec(text)?.[1];
  if (key !== undefined) return { kind: 'key', text, key };
  const [, identity, issuer] = KEYLESS.exec(text) ?? [];
  if (identity === undefined || issuer === undefined)
    return {
      text,
      problem: 'is neither cosign:<key name> nor cosign-keyless:<identity>@<issuer>, with the https URL of the issuer',
    };
  if (!/[A-Za-z0-9]/.test(identity)) return { text, problem: 'allows everyone that the issuer vouches for; name an identity' };
  return { kind: 'keyless', text, identity, issuer };
}

/** Parses `<image glob>=<policy>`. Never throws. */
export function parseSignatureRule(text: string): SignatureRule | BadSignaturePolicy {
  const at = text.indexOf('=');
  if (at < 1) return { text, problem: 'is not <image glob>=<policy>, such as ghcr.io/acme/*=cosign:acme' };
  const images = canonicalGlob(text.slice(0, at));
  if (/^(?:(?:index\.)?docker\.io\*|registry-1\.docker\.io\/|registry\.hub\.docker\.com\/)/.test(images))
    return { text, problem: 'matches no image of Docker Hub; write docker.io/acme/*, or docker.io/* for all' };
  if (/[:@]/.test(images.slice(images.indexOf('/') + 1)) && images.includes('/'))
    return { text, problem: 'has a tag or a digest; images are matched by their names' };
  if (!/^[a-z0-9._:*-]+(?:\/[a-z0-9._*-]+)*$/.test(images))
    return { text, problem: 'matches no image; names have lower-case letters, digits, ".", "_" and "-", and only * is special' };
  if (!beginsWithHost(images))
    return { text, problem: 'begins with no registry host; write ghcr.io/acme/*, or docker.io/library/alpine' };
  const policy = parseSignaturePolicy(text.slice(at + 1));
  return 'problem' in policy
    ? { text, problem: `has the policy ${JSON.stringify(policy.text)}, which ${policy.problem}` }
    : { images, policy };
}

/** Docker Hub by its canonical name, with the part that its official images leave out. */
function canonicalGlob(text: string): string {
  const images = withPlainHost(text).replace(/^docker\.io\//, 'index.docker.io/');
  return images.replace(/^index\.docker\.io\/([^/*]+)$/, 'index.docker.io/library/$1');
}

/** In small letters and without the port that is meant anyway. */
function withPlainHost(image: string): string {
  const [host = '', ...path] = image.split('/');
  return [host.toLowerCase().replace(/:443$/, ''), ...path].join('/');
}

/** The name that rules are held against, so that no other spelling of a host, or of a digest, escapes them. */
function nameForRules(image: string): string {
  const [name = ''] = withPlainHost(image).split('@');
  return name.replace(/^(?:registry-1\.docker\.io|registry\.hub\.docker\.com)\//, 'index.docker.io/');
}

/** A glob of another form would match no canonical name, and so demand nothing. */
function beginsWithHost(images: string): boolean {
  const [host = '', ...rest] = images.split('/');
  return host.includes('*') || (rest.length > 0 && (/[.:]/.test(host) || host === 'localhost'));
}

/**
 * The policies that an image of a container must all fulfil: those of the daemon, and the container's own in addition. A text that cannot
 * be a policy here is one that no image fulfils.
 */
export function signaturePoliciesFor(
  policies: Policies,
  container: string,
  image: string,
  demands: SignatureDemands,
): readonly SignaturePolicy[] | BadSignaturePolicy {
  const name = nameForRules(image);
  const wanted = demands.rules.flatMap((rule) => (matchGlob(rule.images, name) ? [rule.policy] : []));
  const text = policies.get(containerPolicy('verify', container));
  if (text !== undefined) {
    const own = parseSignaturePolicy(text);
    if ('problem' in own) return own;
    wanted.push(own);
  }
  for (const policy of wanted) {
    const problem = whyUnusable(policy, demands);
    if (problem !== undefined) return { text: policy.text, problem };
  }
  return [...new Map(wanted.map((policy) => [policy.text, policy])).values()];
}

/** Why a daemon cannot verify signatures by a policy. */
export function whyUnusable(policy: SignaturePolicy, { keys, keyless }: SignatureDemands): string | undefined {
  if (policy.kind === 'key')
    return keys.includes(policy.key)
      ? undefined
      : `names a key that fluxd does not have: --registry-verify-keys has no ${policy.key}.pub`;
  return keyless ? undefined : 'needs --registry-verify-trust-root';
}
