import type { ApiClient, HealthWire } from '../api/client/index.ts';
import { FluxError } from '../base/index.ts';
import { short } from './await-job.ts';
import { createOutage } from './outage.ts';
import type { Output } from './output.ts';
import { GRACE_MS, timeoutAfter } from './poll.ts';
import { printableLine } from './printable.ts';
import { bar } from './progress.ts';
import type { Session } from './session.ts';
import { say } from './style.ts';

type ObjectHealth = HealthWire['objects'][number];

/** The first answer comes soon, so that a person sees what is waited for; later ones when something ends, or after this time. */
const FIRST_S = 1;
const NEXT_S = 5;
/** More objects than that are counted, not named, while they are waited for. */
const NAMED = 20;

const PAUSE_MS = 100;
/** Between questions to a daemon that is away. */
const AWAY_MS = 1000;

/** States as people read them. */
const WORDS: Readonly<Record<string, string>> = { inProgress: 'in progress' };

interface HealthOptions {
  /** The one that was synced; a newer one that comes meanwhile is waited for instead. */
  readonly revision: string | undefined;
  /** Where to say what is not healthy in the end. */
  readonly output: Output;
}

/**
 * Waits until everything that is applied is healthy, and resolves to the exit code: 0, or 1 when something failed, or was not healthy
 * in time. Says on standard error what it waits for.
 */
export async function awaitHealth(session: Session, client: ApiClient, { revision, output }: HealthOptions): Promise<number> {
  let latest: HealthWire | undefined;
  const waiting = untilHealthy(session, client, {
    revision,
    output,
    onHealth: (health) => {
      latest = health;
    },
  });
  return session.progress.during(waiting, () =>
    latest === undefined ? 'looking at what was applied' : `${healthBar(latest)} healthy`,
  );
}

function healthBar({ counts, objects }: HealthWire): string {
  const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
  return bar(all - objects.length, all);
}

async function untilHealthy(
  session: Session,
  client: ApiClient,
  { revision, output, onHealth }: HealthOptions & { readonly onHealth: (health: HealthWire) => void },
): Promise<number> {
  const { clock, stderr, rolloutTimeoutMs } = session;
  const deadline = clock.monotonic() + rolloutTimeoutMs;
  const told = new Map<string, string>();
  const outage = createOutage(session);
  let waitingFor = revision;
  for (let wanted = FIRST_S; ; wanted = NEXT_S) {
    const left = deadline - clock.monotonic();
    using last = clock.deadline(Math.max(0, left) + GRACE_MS);
    let health: HealthWire | undefined;
    try {
      const waitSeconds = Math.max(0, Math.min(wanted, Math.ceil(left / 1000)));
      health = await client.health({ waitSeconds, signal: last.signal });
      outage.over();
    } catch (error) {
      if (last.signal.aborted) throw timeoutAfter(undefined);
      await outage.bear(error);
      if (left <= 0) throw timeoutAfter(error);
      await clock.sleep(AWAY_MS);
      continue;
    }
    if (!health) throw cannotWait();
    onHealth(health);
    if (health.revision !== waitingFor) {
      waitingFor = health.revision;
      stderr.write(`Revision ${short(waitingFor)} is applied by now\n`);
    }
    if (health.settled || left <= 0) {
      for (const object of health.objects) output.write(`${describe(object)}\n`);
      sayVerdict(session, health);
      return health.objects.length === 0 ? 0 : 1;
    }
    if (told.size === 0) stderr.write(`Waiting for ${count(health.objects.length, 'object')} to become healthy ...\n`);
    for (const line of news(health, told)) stderr.write(`  ${line}\n`);
    // The daemon waited, not we; should it not have, it is not asked without end.
    await clock.sleep(PAUSE_MS);
  }
}

/** The error of a daemon that knows nothing of health: a Go fluxd, or an older one. */
export function cannotWait(): FluxError {
  return new FluxError('this daemon cannot tell whether what it applied is healthy, so --wait cannot wait for it', {
    code: 'cli/no-health',
    fault: 'user',
  });
}

/** A line for each object whose state is news. */
function news({ objects }: HealthWire, told: Map<string, string>): readonly string[] {
  const lines = objects.flatMap((object) => {
    const line = describe(object);
    if (told.get(object.id) === line) return [];
    told.set(object.id, line);
    return [line];
  });
  return lines.length <= NAMED ? lines : [...lines.slice(0, NAMED), `and ${lines.length - NAMED} more`];
}

function describe({ id, state, message }: ObjectHealth): string {
  return printableLine(`${WORDS[state] ?? state} ${id}: ${message}`);
}

function sayVerdict(session: Session, { settled, objects, counts }: HealthWire): void {
  const all = Object.values(counts).reduce((sum, each) => sum + each, 0);
  if (objects.length === 0) {
    session.stderr.write(`${all} of ${count(all, 'object')} healthy.\n`);
    return;
  }
  const parts = Object.entries(counts)
    .filter(([state, number]) => state !== 'current' && number > 0)
    .map(([state, number]) => `${number} ${WORDS[state] ?? state}`);
  say(
    session,
    'Error',
    `${settled ? '' : 'timeout: '}${objects.length} of ${count(all, 'object')} not healthy: ${parts.join(', ')}`,
  );
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
