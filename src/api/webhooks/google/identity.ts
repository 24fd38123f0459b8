import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../../base/index.ts';
import type { KeySet } from '../../jwt/key-set.ts';

/** Who must have sent a push: the audience of the subscription, and the e-mail of its service account. */
export interface PushIdentity {
  readonly audience: string;
  readonly email: string;
}

/** Whether a token of Google proves this identity now. @throws FluxError `webhooks/keys-unavailable` */
export type VerifyIdentity = (token: string, expected: PushIdentity) => Promise<boolean>;

const ISSUERS = ['https://accounts.google.com', 'accounts.google.com'];
/** Clocks differ. */
const TOLERANCE_S = 60;
/** Google's tokens are valid for an hour. */
const MAX_AGE_S = 2 * 3_600;
/** Far more than Google's tokens have. */
const MAX_LENGTH = 8_192;

/** Verifies the OpenID Connect tokens of Pub/Sub. https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions */
export function createIdentityVerifier(keys: KeySet, clock: Pick<Clock, 'now'>): VerifyIdentity {
  return async (token, { audience, email }) => {
    if (token.length > MAX_LENGTH) return false;
    const verified = await keys.use(async (getKey): Promise<JWTPayload | 'unknown key' | undefined> => {
      try {
        const { payload } = await jwtVerify(token, getKey, {
          algorithms: ['RS256'],
          issuer: ISSUERS,
          audience,
          requiredClaims: ['exp', 'iat', 'email', 'email_verified'],
          clockTolerance: TOLERANCE_S,
          maxTokenAge: MAX_AGE_S,
          currentDate: new Date(clock.now()),
        });
        return payload;
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey) return 'unknown key';
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
        throw error;
      }
    });
    if (verified === undefined || verified === 'unknown key') return false;
    // A token for several audiences may have been sent to any of them.
    return verified.aud === audience && verified.email === email && verified.email_verified === true;
  };
}
