import { type Cancellable, type Secret, withoutSecret } from '../../base/index.ts';

/** What `git credential` calls username and password. A token is a password, too. */
export interface UserAndPassword {
  readonly username: string;
  readonly password: Secret;
}

/**
 * How a token is sent: `basic` as the password of a user, by git's own credential protocol, or `bearer` in a header of its own, which git
 * before 2.46 only knows as configuration.
 */
export type TokenType = 'basic' | 'bearer';

/** Credentials for the one place that a source fetches from and pushes to. Nothing else gives git a user, password or token. */
export interface GitCredential {
  /** Scheme, host and port as git writes them, `https://git.example.org:8443`. No other place gets the password. */
  readonly origin: string;
  readonly type: TokenType;
  /**
   * The credentials for the next command.
   * @throws FluxError if there are none, which fails the command before the host is asked.
   */
  current(options?: Cancellable): Promise<UserAndPassword>;
  /** The host rejected the last ones; the next ones should be new. */
  rejected(): void;
  /** A text without any of the passwords that `current` has returned, since a server or git may echo them. */
  hide(text: string): string;
}

/** How many former passwords are remembered. Running commands know at most the last two. */
const REMEMBERED = 8;

/** Remembers the passwords that were given out, to hide them. */
export function createGiven(): { add(given: UserAndPassword): UserAndPassword; hide(text: string): string } {
  let known: readonly string[] = [];
  return {
    add(given) {
      const secrets = secretsOf(given);
      if (secrets.some((secret) => !known.includes(secret)))
        known = [...known.filter((secret) => !secrets.includes(secret)), ...secrets].slice(-2 * REMEMBERED);
      return given;
    },
    hide: (text) => known.reduce(withoutSecret, text),
  };
}

/** The password, and both as a server receives them; without a password the user is the token. */
function secretsOf({ username, password }: UserAndPassword): readonly string[] {
  const secret = password.reveal();
  const isInUser = secret === '' || secret === 'x-oauth-basic';
  return [isInUser ? username : secret, Buffer.from(`${username}:${secret}`).toString('base64')];
}
