import { FluxError, Secret } from '../../base/index.ts';
import { createGiven, type GitCredential, type TokenType } from './git-credential.ts';
import { readSecretFile } from './secret-file.ts';

export interface TokenFileOptions {
  readonly origin: string;
  /** The user of the URL. */
  readonly username: string | undefined;
  readonly file: string;
  readonly type: TokenType;
}

/** The hosts that check the user want this one for a token without a person; to the others it makes no difference. */
const USER = 'x-token-auth';

/** The token of a file, which may be replaced at any time. */
export function tokenFile({ origin, username = USER, file, type }: TokenFileOptions): GitCredential {
  const { add, hide } = createGiven();
  return {
    origin,
    type,
    async current() {
      const token = await readSecretFile('--git-token-file', file);
      if (!/^[\x21-\x7e]+$/.test(token))
        throw new FluxError(`--git-token-file ${file}: it is not one line with a token`, {
          code: 'git/secret-file',
          help: 'Write the token alone into the file, without a name in front of it.',
        });
      return add({ username, password: new Secret(token) });
    },
    rejected: () => undefined,
    hide,
  };
}
