import { createGiven, type GitCredential, type UserAndPassword } from './git-credential.ts';

/** The user and password of a URL, which stay the same until a restart. */
export function urlCredential(origin: string, given: UserAndPassword): GitCredential {
  const { add, hide } = createGiven();
  add(given);
  return { origin, type: 'basic', current: async () => given, rejected: () => undefined, hide };
}
