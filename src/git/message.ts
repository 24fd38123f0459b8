import { FluxError } from '../base/index.ts';
import type { Identity } from './git.ts';

/** The trailer that says which job made a commit; together with our e-mail address it marks a commit as ours. */
export const JOB_TRAILER = 'Flux-Job-Id';

const LONGEST_MESSAGE = 64 * 1024;

/**
 * The message of a commit of ours: message and skip text as in Flux v1, cleaned as `git commit` cleans, then our trailer
 * as a paragraph of its own. Only the last paragraph counts as trailers, so no text from outside can forge one (S-015).
 * @throws FluxError `git/empty-message`
 */
export function commitMessage(text: string, skipMessage: string, jobId: string): string {
  const body = stripSpace(plainText(text).slice(0, LONGEST_MESSAGE) + skipMessage);
  if (body === '') throw new FluxError('commit message: empty', { code: 'git/empty-message', fault: 'user' });
  if (!/^[A-Za-z0-9._-]{1,128}$/.test(jobId))
    throw new FluxError(`job id ${JSON.stringify(jobId.slice(0, 130))}: only letters, digits, ".", "_" and "-" are allowed`, {
      code: 'git/bad-job-id',
      fault: 'user',
    });
  return `${body}\n\n${JOB_TRAILER}: ${jobId}\n`;
}

/**
 * Author from a cause user, by git's rule for `--author`.
 * @throws FluxError `git/bad-author` with the words of git, as Flux v1 shows them
 */
export function parseAuthor(text: string): Identity {
  const line = plainText(text).replaceAll('\n', ' ').trim();
  const open = line.indexOf('<');
  const name = line.slice(0, Math.max(open, 0)).trim();
  const email = line.slice(open + 1, -1);
  if (name === '' || !line.endsWith('>') || /[<>]/.test(name + email))
    throw new FluxError(
      `git commit: fatal: --author '${plainText(text).slice(0, 200)}' is not 'Name <email>' and matches no existing author`,
      {
        code: 'git/bad-author',
        fault: 'user',
        help: 'Give the user as "Name <email>" (fluxctl --user), or run fluxd without --git-set-author.',
      },
    );
  return { name, email: email.trim() };
}

/** Without control characters, terminal sequences, direction overrides and lone surrogates; line ends become `\n`. */
function plainText(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
      .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '')
  );
}

/** What git-stripspace(1) does: no blanks at line ends, no blank lines at both ends, single ones between. */
function stripSpace(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/^\n+|\n+$/g, '');
}
