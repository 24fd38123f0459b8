import { rfc3339 } from '../../../base/index.ts';
import type { ImageScan } from '../../../image/index.ts';
import { hasPolicy } from '../../../policy/index.ts';
import type { Finding, Link } from '../answer.ts';
import type { Facts } from '../facts.ts';
import { advised, clause, find, type Rule } from './rule.ts';

/** One image repository, and what its workload and the daemon make of it. */
export interface RepositoryFacts extends Pick<Facts, 'now'> {
  /** Canonical name. */
  readonly name: string;
  readonly scan?: ImageScan;
  /** The flag because of which the registry is not asked. */
  readonly barredBy?: string;
  readonly missingSecrets: readonly string[];
  readonly automated: boolean;
}

/** The image repositories of the object, each once. */
export function registryLinks(facts: Facts): readonly Link[] {
  const repositories = new Map<string, RepositoryFacts>();
  for (const { repository: name, scan, barredBy, missingSecrets } of facts.containers) {
    if (name === undefined) continue;
    const automated = hasPolicy(facts.inGit, 'automated');
    repositories.set(name, {
      name,
      missingSecrets,
      automated,
      now: facts.now,
      ...(scan ? { scan } : {}),
      ...(barredBy === undefined ? {} : { barredBy }),
    });
  }
  return [...repositories.values()].map(registryLink);
}

export function registryLink(about: RepositoryFacts): Link {
  const { name, scan, automated } = about;
  const finding = find(RULES, about, read(about));
  return {
    kind: 'registry',
    ...(scan?.scannedAt === undefined ? {} : { since: scan.scannedAt }),
    ...finding,
    // What the registry has matters less where nothing follows it.
    ...(automated || finding.weight !== undefined ? {} : { weight: -1 }),
    facts: [
      { name: 'repository', value: name },
      ...(scan ? [{ name: 'tags', value: String(scan.tags) }] : []),
      ...(scan?.scannedAt === undefined ? [] : [{ name: 'last scan', value: rfc3339(scan.scannedAt) }]),
      ...(scan?.nextAt === undefined ? [] : [{ name: 'next scan', value: rfc3339(scan.nextAt) }]),
      ...(scan?.blockedUntil === undefined ? [] : [{ name: 'paused until', value: rfc3339(scan.blockedUntil) }]),
    ],
  };
}

const RULES: readonly Rule<RepositoryFacts>[] = [barred, notWatched, rateLimited, secretMissing, failed, scanning];

function barred({ name, barredBy, automated }: RepositoryFacts): Finding | undefined {
  if (barredBy === undefined) return undefined;
  return { code: 'barred', state: automated ? 'held' : 'ok', text: `${name} is not read (${barredBy})` };
}

function notWatched({ scan, name }: RepositoryFacts): Finding | undefined {
  if (scan) return undefined;
  return {
    code: 'not-watched',
    state: 'unknown',
    text: `${name} is not read: no sync has asked for it yet`,
  };
}

function rateLimited({ scan, name, now }: RepositoryFacts): Finding | undefined {
  const until = scan?.blockedUntil;
  const isLimited = scan?.error?.code === 'registry/rate-limited';
  if (!isLimited && (until === undefined || until <= now)) return undefined;
  const at = until ?? scan?.nextAt;
  return {
    code: 'rate-limited',
    state: 'waiting',
    text: `the registry of ${name} limits the rate of requests${at === undefined ? '' : `, and is read again at ${rfc3339(at)}`}`,
    ...(at === undefined ? {} : { next: { text: 'The registry is read again.', at } }),
  };
}

function secretMissing({ scan, missingSecrets, name }: RepositoryFacts): Finding | undefined {
  if (!scan?.error || missingSecrets.length === 0 || !DENIALS.includes(scan.error.code)) return undefined;
  const what = missingSecrets.length === 1 ? 'pull secret' : 'pull secrets';
  return {
    code: 'pull-secret-missing',
    state: 'failed',
    text: `the tags of ${name} cannot be read, and its ${what} ${missingSecrets.join(', ')} cannot be found`,
    next: { text: 'Create the Secret in the namespace of the workload, or let Flux read it.' },
  };
}

/** A private repository looks missing to those who may not read it. */
const DENIALS: readonly string[] = ['registry/unauthorized', 'registry/not-found'];

function failed({ scan, name }: RepositoryFacts): Finding | undefined {
  if (!scan?.error) return undefined;
  const { error, nextAt } = scan;
  return {
    code: error.code.replace(/^registry\//, ''),
    state: 'failed',
    text: clause(`the tags of ${name} cannot be read: ${error.message}`),
    ...(error.help === undefined && nextAt !== undefined
      ? { next: { text: 'The registry is read again.', at: nextAt } }
      : advised(error)),
  };
}

function scanning({ scan, name }: RepositoryFacts): Finding | undefined {
  if (scan?.scannedAt !== undefined) return undefined;
  return { code: 'first-scan', state: 'waiting', text: `the tags of ${name} are being read for the first time` };
}

function read({ scan, name }: RepositoryFacts): Finding {
  return { code: 'read', state: 'ok', text: `${name}: ${scan?.tags ?? 0} ${scan?.tags === 1 ? 'tag' : 'tags'}` };
}
