import { statfs } from 'node:fs/promises';
import { FluxError, redact } from '../base/index.ts';

/** The result of a finished git process. */
export interface GitOutput {
  /** `git fetch` */
  readonly command: string;
  /** Absent if a signal ended the process. */
  readonly exitCode: number | undefined;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Limit of a failed command's output in an error, in characters. */
const QUOTED = 2048;

/** The error for a failed command, with git's message and help. */
export async function gitFailed(output: GitOutput, directory: string): Promise<FluxError> {
  const text = cleaned(`${output.stdout.toString('utf8')}\n${output.stderr}`);
  const { code, help } = kindOf(text);
  const disk = code === 'git/disk' ? `; ${await freeSpace(directory)}` : '';
  const end = output.exitCode === undefined ? 'killed' : `exit code ${output.exitCode}`;
  return new FluxError(`${output.command}: ${summary(text) || end}${disk}`, { code, help });
}

/** Whether the remote rejected the credentials, or hides from them what they may not see. */
export function isRejection({ exitCode, stderr }: GitOutput): boolean {
  return exitCode !== 0 && ['git/denied', 'git/no-repository'].includes(kindOf(stderr).code);
}

/** The error for a command that timed out. */
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

const OTHER = { code: 'git/command-failed', help: 'See the message of git; running the same command manually often shows more.' };

function kindOf(text: string): Kind | typeof OTHER {
  return KINDS.find(({ pattern }) => pattern.test(text)) ?? OTHER;
}

const KINDS: readonly Kind[] = [
  {
    pattern: /fsck error|^error: object [0-9a-f]{40,}: \w+:/im,
    code: 'git/bad-objects',
    help: 'The revision, or one before it, contains an object that git rejects; the last fetched revision stays in effect. Find the object with `git fsck` in a clone, and remove it from the history.',
  },
  {
    pattern: /requested URL returned error: 30\d/i,
    code: 'git/redirected',
    help: 'Set --git-url to the target. Redirects are followed only within the same scheme, host and port.',
  },
  {
    pattern: /not our ref|does not allow request for unadvertised object/i,
    code: 'git/blobs-refused',
    help: 'The Git server does not serve single files; set --git-partial-clone=off.',
  },
  {
    pattern: /couldn't find remote ref/i,
    code: 'git/ref-removed',
    help: 'The ref was removed from the remote meanwhile; the next fetch will check again.',
  },
  {
    pattern: /no space left on device|disk quota exceeded|read-only file system|input\/output error|too many open files/i,
    code: 'git/disk',
    help: 'Free space on the volume of the mirror, or repair it; fluxd then recovers by itself.',
  },
  {
    pattern: /host key verification failed|remote host identification has changed|no .* host key is known/i,
    code: 'git/host-key',
    help: "Compare the fingerprint with the one the Git host publishes, then add the host's line to the known_hosts file (ssh-keyscan HOST).",
  },
  {
    pattern: /could not resolve host|name or service not known|temporary failure in name resolution|unable to look up/i,
    code: 'git/unreachable',
    help: 'Check the host in --git-url, and that the cluster resolves external names.',
  },
  {
    pattern:
      /permission denied|authentication failed|could not read (username|password)|returned error: 40[13]|access denied|load key|unprotected private key/i,
    code: 'git/denied',
    help: 'Check the credentials: for ssh the deploy key (`fluxctl identity` prints it) and its write access, for http the user and token (in --git-url, or --git-token-file), and what the token allows.',
  },
  {
    pattern:
      /certificate verif|certificate problem|certificate verify locations|ca-?(cert|bundle|file)|(ssl ca|client|local) (ssl )?cert|ssl: .*certificate|x\.509|set private key file|tlsv?1?\S* alert|fatal alert|tls connect error/i,
    code: 'git/tls',
    help: 'Check the certificate of the Git host, and for a private authority --git-ca-file; a client certificate is that of --git-tls-cert-file.',
  },
  {
    pattern: /does not appear to be a git repository|repository .*not found|returned error: 404|project .*not (be )?found/i,
    code: 'git/no-repository',
    help: 'Check the path in --git-url, and that the credentials have access to the repository (many hosts report "not found" otherwise).',
  },
  {
    pattern: /transport '.*' not allowed|unable to find remote helper/i,
    code: 'git/transport',
    help: 'Only the transport of --git-url itself is allowed: check for a redirect or a url.*.insteadOf rule.',
  },
  {
    pattern: /failed to connect|connection (?:refused|timed out|reset)|no route to host|network is unreachable/i,
    code: OTHER.code,
    help: 'Allow fluxd to reach the Git host: a NetworkPolicy, firewall or proxy blocks it, or the host is down.',
  },
  {
    pattern: /dubious ownership/i,
    code: 'git/ownership',
    help: 'The local repository belongs to another user: add it to safe.directory in the file given by GIT_CONFIG_GLOBAL, or change its owner.',
  },
];

/** The relevant line, selected as in Flux v1, followed by the full output if there is more. */
function summary(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const fatal =
    lines.find((line) => /^error: object [0-9a-f]{40,}: /.test(line))?.replace(/^error: /, '') ??
    lines.find((line) => /^(ERROR )?fatal: /.test(line)) ??
    lines.find((line) => line.startsWith('error:'))?.replace(/^error: ?/, '');
  if (fatal === undefined || lines.length === 1) return (fatal ?? lines.join('\n')).slice(0, QUOTED);
  return `${fatal}, full output:\n ${lines.join('\n')}`.slice(0, QUOTED);
}

/** Sanitises server text: no passwords, control characters or terminal sequences. */
function cleaned(text: string): string {
  return (
    redact(text)
      .replaceAll('\r\n', '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters
      .replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|[\x00-\x09\x0b-\x1f\x7f-\x9f]/g, ' ')
      .trim()
  );
}

async function freeSpace(directory: string): Promise<string> {
  const { bavail, bsize, ffree } = await statfs(directory);
  return `${directory} has ${bavail * bsize} bytes and ${ffree} inodes free`;
}
