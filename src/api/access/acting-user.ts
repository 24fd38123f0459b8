import type { Session } from './session.ts';

/** The user that a change names: the one whom the client names, or else, by TLS, the one whom the API server knows. */
export function actingUser(session: Session, claims: string): string {
  if (claims !== '' || session.type !== 'token') return claims;
  return session.user ?? '';
}
