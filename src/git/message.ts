import { FluxError } from '../base/index.ts';
import type { Identity } from './commands/write.ts';

/** The trailer with the id of the job that made a commit; together with our e-mail address it identifies our commits. */
export const JOB_TRAILER = 'Flux-Job-Id';

const LONGEST_MESSAGE = 64 * 1024;

/**
 * The message of our commits: message and skip text as in Flux v1, cleaned up as by `git commit`, then our trailers as a separate
 * paragraph. Only the last paragraph is parsed for trailers, so external text cannot forge one (S-015).
 * @throws FluxError `git/empty-message`
 */
export function commitMessage(
  text: string,
  skipMessage: string,
  jobId: string,
  more: readonly { readonly name: string; readonly value: string }[] = [],
): string {
  const body = stripSpace(plainText(text).slice(0, LONGEST_MESSAGE) + skipMessage);
  if (body === '') throw new FluxError('commit message: empty', { code: 'git/empty-message', fault: 'user' });
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(jobId))
    throw new FluxError(`job id ${JSON.stringify(jobId.slice(0, 130))}: only letters, digits, ".", "_" and "-" are allowed`, {
      code: 'git/bad-job-id',
      fault: 'user',
    });
  const trailers = [{ name: JOB_TRAILER, value: jobId }, ...more].map(
    ({ name, value }) => `${name}: ${plainText(value).replaceAll('\n', ' ')}\n`,
  );
  return `${body}\n\n${trailers.join('')}`;
}

/**
 * The author from a cause's user, by git's rule for `--author`. A name alone, as the web page and the API server know it, gets our e-mail
 * address; Flux v1 refused it.
 * @throws FluxError `git/bad-author` with git's message, as in Flux v1
 */
export function parseAuthor(text: string, ours: Identity): Identity {
  const line = plainText(text).replaceAll('\n', ' ').trim();
  if (line !== '' && !/[<>]/.test(line)) return { name: line, email: ours.email };
  const open = line.indexOf('<');
  const name = line.slice(0, Math.max(open, 0)).trim();
  const email = line.slice(open + 1, -1);
  if (name === '' || !line.endsWith('>') || /[<>]/.test(name + email))
    throw new FluxError(
      `git commit: fatal: --author '${plainText(text).slice(0, 200)}' is not 'Name <email>' and matches no existing author`,
      {
        code: 'git/bad-author',
        fault: 'user',
        help: 'Pass the user as "Name <email>" (fluxctl --user), or run fluxd without --git-set-author.',
      },
    );
  return { name, email: email.trim() };
}

/** Removes control characters, terminal sequences, bidirectional controls and lone surrogates; normalises line ends to `\n`. */
function plainText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
      .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
      .replace(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '')
  );
}

/** Like git-stripspace(1): no trailing spaces, no leading and trailing blank lines, single blank lines between. */
function stripSpace(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}
