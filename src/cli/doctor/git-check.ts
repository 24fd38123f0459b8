import type { GitConfig, ObjectStatesWire } from '../../api/client/index.ts';
import { NOT_SYNCED } from './daemon-checks.ts';
import { type Finding, fail, ok } from './finding.ts';

/** Whether the daemon can read and write its repository; `failure` is what the daemon says of its last sync. */
export function gitFinding({ remote, status, errors }: GitConfig, failure: ObjectStatesWire['failure']): Finding {
  if (status === 'ready') return ok('git', `${remote.url}, branch ${remote.branch}, can be read and written`);
  // Its URL is `file:` then, and it is no error that there is nothing to clone.
  if (status === 'unconfigured') return fail('git', 'no repository is configured', 'Start fluxd with --git-url.');
  const detail = errors === '' ? '' : `: ${errors}`;
  // The daemon knows best what keeps it from syncing; a push that is refused does not.
  const own = failure && isSame(failure.message, errors) ? failure.help : undefined;
  return fail(
    'git',
    `${remote.url || 'no repository'} is ${STATUS[status] ?? status}${detail}`,
    own ?? remedy(status, errors, remote.url),
  );
}

/** What Flux v1's words mean. */
const STATUS: Readonly<Record<string, string>> = { new: 'not cloned yet', cloned: 'read-only' };

/** By what git and the daemons say; the first that fits counts. */
const REMEDIES: readonly (readonly [says: RegExp, help: string])[] = [
  [/branch .*(?:does not exist|not found)|couldn't find remote ref/i, 'Push the branch, or correct --git-branch.'],
  [
    /not yet checked for write access|has not been cloned yet/i,
    'That comes within moments; if it lasts, the log of fluxd has the reason.',
  ],
  [/host key|known_hosts/i, 'Put the keys of the Git host into the known_hosts file, after comparing their fingerprints.'],
  [
    /could not resolve host|name or service not known|temporary failure in name resolution/i,
    'Correct the host in --git-url, or have the cluster resolve it.',
  ],
  [
    /connection (?:refused|timed out|reset)|failed to connect|no result within|no route to host/i,
    'Let fluxd reach the Git host: a NetworkPolicy, a firewall or a proxy is in the way, or the host is down.',
  ],
  [/certificate|SSL|TLS/, 'Have git trust the certificate of the Git host; see the docs on Git.'],
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
      return `It can be read, but not written: give ${isHttp ? 'the user of its credentials' : 'the deploy key (fluxctl identity)'} write access, and let fluxd push to the branch and its tags.`;
    case 'new':
    case 'unreachable':
      return isHttp
        ? 'Is the URL right, does the host answer where fluxd runs, and do the credentials that git is given still hold?'
        : 'Give the deploy key (fluxctl identity) access to the repository, and put the host’s keys into known_hosts.';
    default:
      return 'See the log of fluxd.';
  }
}

/**
 * Findings with each trouble of the repository once: what others say of it again is left out, but for what the daemon advises, which
 * knows best. Nothing can be synced from a repository that cannot be read.
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

/** Whether a daemon that is not ready has no other reason. */
function isOnly(reason: string, errors: string): boolean {
  const rest = plain(reason)
    .replaceAll(plain(errors), '')
    .replaceAll(/(?:not ready|Git|last sync|git repo not ready): ?|[; ]+/g, '');
  return isSame(reason, errors) && rest === '';
}

function plain(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
