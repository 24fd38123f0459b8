import { createHash, timingSafeEqual } from 'node:crypto';
import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock, FluxError } from '../../base/index.ts';
import type { KeySet } from '../jwt/key-set.ts';
import { refused } from './refusal.ts';

/** What an ID token must be for. */
export interface Expected {
  readonly issuer: string;
  readonly clientId: string;
  readonly nonce: string;
  /** The access token that came with it. */
  readonly accessToken: string;
}

/** The hash of each algorithm that may sign. None works with a secret: the public keys could be used as one. */
const HASHES: Readonly<Record<string, string>> = {
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  PS256: 'sha256',
  PS384: 'sha384',
  PS512: 'sha512',
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
  EdDSA: 'sha512',
  Ed25519: 'sha512',
};
/** Clocks differ. */
const TOLERANCE_S = 60;
/** It was made for the code that was just exchanged. */
const MAX_AGE_S = 600;

/**
 * The claims of an ID token that is valid now (OpenID Connect Core 1.0, section 3.1.3.7).
 * @throws FluxError `oidc/refused` with the check that failed, and `oidc/unavailable` without keys.
 */
export async function verifyIdToken(
  token: string,
  expected: Expected,
  keys: KeySet,
  clock: Pick<Clock, 'now'>,
): Promise<JWTPayload> {
  const verified = await keys.use(async (getKey) => {
    try {
      return await jwtVerify(token, getKey, {
        algorithms: Object.keys(HASHES),
        issuer: expected.issuer,
        audience: expected.clientId,
        requiredClaims: ['exp', 'iat'],
        clockTolerance: TOLERANCE_S,
        maxTokenAge: MAX_AGE_S,
        currentDate: new Date(clock.now()),
      });
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
      if (error instanceof errors.JOSEError || error instanceof TypeError) throw refusalOf(error);
      throw error;
    }
  });
  if (verified === 'unknown key')
    throw refused('the ID token is signed by a key that the provider does not publish', 'Sign in again in a few seconds.');
  const { payload, protectedHeader } = verified;
  checkParty(payload, expected.clientId);
  if (typeof payload.nonce !== 'string' || !isSame(payload.nonce, expected.nonce))
    throw refused('the ID token is for another sign-in: its nonce is not that of this page');
  if (payload.at_hash !== undefined && payload.at_hash !== halfHash(expected.accessToken, protectedHeader.alg))
    throw refused('the ID token came with the access token of another: at_hash differs');
  return payload;
}

/** A token for several audiences says to which of them it was issued; one for ours alone may say it. */
function checkParty({ aud, azp }: JWTPayload, clientId: string): void {
  const isForOthers = Array.isArray(aud) && aud.some((each) => each !== clientId);
  if (azp === undefined ? isForOthers : azp !== clientId)
    throw refused('the ID token was issued to another client: azp is not --ui-oidc-client-id', CLIENT_HELP);
}

function halfHash(text: string, algorithm: string): string {
  const hash = createHash(HASHES[algorithm] ?? 'sha256')
    .update(text)
    .digest();
  return hash.subarray(0, hash.length / 2).toString('base64url');
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const CLIENT_HELP = 'Check --ui-oidc-client-id and the client of this name at the provider.';
const CLOCK_HELP = 'Sign in again. If this goes on, the clocks of fluxd and the provider differ.';

/** By claim: which check failed, and the next step. */
const CLAIMS: Readonly<Record<string, readonly [message: string, help: string]>> = {
  iss: ['the ID token is of another issuer: iss is not --ui-oidc-issuer', 'Check --ui-oidc-issuer.'],
  aud: ['the ID token is for another client: aud does not have --ui-oidc-client-id', CLIENT_HELP],
  exp: ['the ID token does not say until when it is valid: exp is missing or not a time', CLOCK_HELP],
  iat: ['the ID token was not made just now: iat is missing, too long ago, or in the future', CLOCK_HELP],
  nbf: ['the ID token is not valid yet: nbf is in the future', CLOCK_HELP],
};

function refusalOf(error: unknown): FluxError {
  if (error instanceof errors.JWTExpired && error.claim === 'exp')
    return refused('the ID token has expired: exp has passed', CLOCK_HELP, error);
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const [message, help] = CLAIMS[error.claim] ?? ['the ID token has a claim that is not valid', CLIENT_HELP];
    return refused(message, help, error);
  }
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return refused(
      `the ID token is signed by an algorithm that is not accepted; it must be one of ${Object.keys(HASHES).join(', ')}`,
      'Choose another algorithm for ID tokens of this client at the provider.',
      error,
    );
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refused('the signature of the ID token is not valid', undefined, error);
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused(
      'the ID token does not say which key of the provider signed it',
      'Give the keys of the provider a kid.',
      error,
    );
  return refused('the ID token cannot be read', undefined, error);
}
