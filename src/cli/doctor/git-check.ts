import type { GitConfig, ObjectStatesWire, SourceWire } from '../../api/client/index.ts';
import { followsInWords, isBranch } from '../../repository/index.ts';
import { NOT_SYNCED } from './daemon-checks.ts';
import { type Finding, fail, ok } from './finding.ts';

/** Checks that the daemon can read and write its repository; `failure` is the error of its last sync. */
export function gitFinding({ remote, status, errors }: GitConfig, failure: ObjectStatesWire['failure']): Finding {
  if (status === 'ready') return ok('git', `${remote.url}, ${followsInWords(remote.branch)}, is ${whatIsOk(remote.branch)}`);
  // The API then reports the URL `file:`.
  if (status === 'unconfigured') return fail('git', 'no repository is configured', 'Start fluxd with --git-url.');
  const detail = errors === '' ? '' : `: ${errors}`;
  // The error of the last sync is more specific, but a rejected push does not fail syncs.
  const own = failure && isSame(failure.message, errors) ? failure.help : undefined;
  return fail(
    'git',
    `${remote.url || 'no repository'} is ${STATUS[status] ?? status}${detail}`,
    own ?? remedy(status, errors, remote.url),
  );
}

/** The same for one of several sources. */
export function sourceFinding({ name, url, branch, status, reason = '' }: SourceWire): Finding {
  const what = `source ${name}: ${url}, ${followsInWords(branch)}`;
  if (status === 'ready') return ok('git', `${what}, is ${whatIsOk(branch)}`);
  return fail('git', `${what}, is ${STATUS[status] ?? status}${reason === '' ? '' : `: ${reason}`}`, remedy(status, reason, url));
}

/** Only a branch is written to. */
const whatIsOk = (followed: string) => (isBranch(followed) ? 'readable and writable' : 'readable');

/** Meaning of Flux v1's states. */
const STATUS: Readonly<Record<string, string>> = { new: 'not cloned yet', cloned: 'read-only' };

/** Advice by error message of git and the daemons; the first match applies. */
const REMEDIES: readonly (readonly [says: RegExp, help: string])[] = [
  [/branch .*(?:does not exist|not found)|couldn't find remote ref/i, 'Push the branch, or correct --git-branch.'],
  [/^tag .* does not exist|^no tag matches/, 'Push the tag, or correct --git-ref.'],
  [
    /not yet checked for write access|has not been cloned yet/i,
    'This should pass within moments; if it persists, see the log of fluxd.',
  ],
  [/host key|known_hosts/i, 'Verify the fingerprints of the Git host’s keys, then add the keys to known_hosts.'],
  [
    /could not resolve host|name or service not known|temporary failure in name resolution/i,
    'Correct the host in --git-url, or make the cluster’s DNS resolve it.',
  ],
  [
    /connection (?:refused|timed out|reset)|failed to connect|no result within|no route to host/i,
    'Allow fluxd to reach the Git host: a NetworkPolicy, firewall or proxy blocks it, or the host is down.',
  ],
  [/certificate|SSL|TLS/, 'Make git trust the certificate of the Git host; see the docs on Git.'],
  [
    /does not appear to be a git repository|repository .*not found|returned error: 404/i,
    'Correct the path in --git-url, and give the credentials access: many hosts say "not found" otherwise.',
  ],
];

function remedy(status: string, errors: string, url: string): string {
  const isHttp = /^https?:/.test(url);
  const known = REMEDIES.find(([says]) => says.test(errors))?.[1];
  if (known !== undefined) return known;
  switch (status) {
    case 'cloned':
      return `fluxd can read but not write: give ${isHttp ? 'the user of its credentials' : 'the deploy key (fluxctl identity)'} write access, and allow pushes to the branch and to tags.`;
    case 'new':
    case 'unreachable':
      return isHttp
        ? 'Check the URL, that the host answers where fluxd runs, and that git’s credentials are still valid.'
        : 'Give the deploy key (fluxctl identity) access to the repository, and add the host’s keys to known_hosts.';
    default:
      return 'See the log of fluxd.';
  }
}

/**
 * Reports each problem of the repository once: other findings about it are omitted, except for the daemon's advice, which is more
 * specific. An unreadable repository also fails every sync.
 */
export function withoutRepeated(
  findings: readonly Finding[],
  { status, errors }: Pick<GitConfig, 'status' | 'errors'>,
): readonly Finding[] {
  const main = findings.find(({ check, level }) => check === 'git' && level === 'fail');
  if (main === undefined || errors === '') return findings;
  const again = findings.filter(({ check, message }) => check === 'git' && message !== main.message && isSame(message, errors));
  const unread = again.length > 0 || status === 'new' || status === 'unreachable';
  return findings
    .filter((finding) => {
      const { check, level, message } = finding;
      if (again.includes(finding) || (unread && message === NOT_SYNCED)) return false;
      if (level !== 'fail') return true;
      return check === 'sync' ? !isSame(message, errors) : check !== 'daemon' || !isOnly(message, errors);
    })
    .map((finding) => (finding === main ? { ...main, help: again[0]?.help ?? main.help ?? '' } : finding));
}

function isSame(message: string, errors: string): boolean {
  return errors !== '' && plain(message).includes(plain(errors));
}

/** Whether this is the only reason why the daemon is not ready. */
function isOnly(reason: string, errors: string): boolean {
  const rest = plain(reason)
    .replaceAll(plain(errors), '')
    .replaceAll(/(?:not ready|Git|last sync|git repo not ready): ?|[; ]+/g, '');
  return isSame(reason, errors) && rest === '';
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
