import { statfs } from 'node:fs/promises';
import { FluxError, redact } from '../base/index.ts';

/** What a finished git process left. */
export interface GitOutput {
  /** `git fetch` */
  readonly command: string;
  /** None when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** The most text of a failed command that an error quotes, in characters. */
const QUOTED = 2048;

/** Turns a failed command into an error that says what git said, and what to do about it. */
export async function gitFailed(output: GitOutput, directory: string): Promise<FluxError> {
  const text = cleaned(`${output.stdout.toString('utf8')}\n${output.stderr}`);
  const { code, help } = KINDS.find(({ pattern }) => pattern.test(text)) ?? OTHER;
  const disk = code === 'git/disk' ? `; ${await freeSpace(directory)}` : '';
  const end = output.exitCode === undefined ? 'killed' : `exit code ${output.exitCode}`;
  return new FluxError(`${output.command}: ${summary(text) || end}${disk}`, { code, help });
}

/** The error when a deadline of ours, not the caller's signal, ended a command. */
export function timedOut(operation: string, timeoutMs: number): FluxError {
  return new FluxError(`${operation}: no result within ${timeoutMs / 1000} s`, {
    code: 'git/timeout',
    help: 'Check that the Git server answers; a large repository may need a longer --git-timeout.',
  });
}

interface Kind {
  readonly pattern: RegExp;
  readonly code: string;
  readonly help: string;
}

const OTHER = { code: 'git/command-failed', help: 'Read what git said; running the same command by hand often shows more.' };

const KINDS: readonly Kind[] = [
  {
    pattern: /fsck error|^error: object [0-9a-f]{40,}: \w+:/im,
    code: 'git/bad-objects',
    help: 'The revision, or one before it, holds an object that git does not accept; what was fetched before stays in force. Look for it with `git fsck` in a clone, and remove it from the history.',
  },
  {
    pattern: /requested URL returned error: 30\d/i,
    code: 'git/redirected',
    help: 'Name in --git-url the place that it leads to. Redirects are followed within the same scheme, host and port only.',
  },
  {
    pattern: /couldn't find remote ref/i,
    code: 'git/ref-removed',
    help: 'The ref was removed from the remote meanwhile; the next fetch looks again.',
  },
  {
    pattern: /no space left on device|disk quota exceeded|read-only file system|input\/output error|too many open files/i,
    code: 'git/disk',
    help: 'Make room or repair the volume that holds the mirror; fluxd goes on by itself.',
  },
  {
    pattern: /host key verification failed|remote host identification has changed|no .* host key is known/i,
    code: 'git/host-key',
    help: "Compare the fingerprint with the one the Git host publishes, then put the host's line into the known_hosts file (ssh-keyscan HOST).",
  },
  {
    pattern: /could not resolve host|name or service not known|temporary failure in name resolution|unable to look up/i,
    code: 'git/unreachable',
    help: 'Check the host in --git-url, and that the cluster resolves names outside of it.',
  },
  {
    pattern:
      /permission denied|authentication failed|could not read (username|password)|returned error: 40[13]|access denied|load key|unprotected private key/i,
    code: 'git/denied',
    help: 'Check the credentials: for ssh the deploy key (`fluxctl identity` prints it) and its write access, for http the user and token in --git-url.',
  },
  {
    pattern: /does not appear to be a git repository|repository .*not found|returned error: 404|project .*not (be )?found/i,
    code: 'git/no-repository',
    help: 'Check the path in --git-url, and that the credentials may see the repository (many hosts answer "not found" otherwise).',
  },
  {
    pattern: /transport '.*' not allowed|unable to find remote helper/i,
    code: 'git/transport',
    help: 'Only the transport of --git-url itself is allowed: a redirect or a url.*.insteadOf rule may lead elsewhere.',
  },
  {
    pattern: /failed to connect|connection (?:refused|timed out|reset)|no route to host|network is unreachable/i,
    code: OTHER.code,
    help: 'Let fluxd reach the Git host: a NetworkPolicy, a firewall or a proxy is in the way, or the host is down.',
  },
  {
    pattern: /dubious ownership/i,
    code: 'git/ownership',
    help: 'The local repository belongs to another user: add it to safe.directory in the file that GIT_CONFIG_GLOBAL names, or change its owner.',
  },
];

/** The line that counts, as Flux v1 picks it, followed by everything when there is more to read. */
function summary(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const fatal =
    lines.find((line) => /^error: object [0-9a-f]{40,}: /.test(line))?.replace(/^error: /, '') ??
    lines.find((line) => /^(ERROR )?fatal: /.test(line)) ??
    lines.find((line) => line.startsWith('error:'))?.replace(/^error: ?/, '');
  if (fatal === undefined || lines.length === 1) return (fatal ?? lines.join('\n')).slice(0, QUOTED);
  return `${fatal}, full output:\n ${lines.join('\n')}`.slice(0, QUOTED);
}

/** Server text is outside text: no passwords, no control characters, no terminal sequences. */
function cleaned(text: string): string {
  return (
    redact(text)
      .replaceAll('\r\n', '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
      .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, ' ')
      .trim()
  );
}

async function freeSpace(directory: string): Promise<string> {
  const { bavail, bsize, ffree } = await statfs(directory);
  return `${directory} has ${bavail * bsize} bytes and ${ffree} files free`;
}
