import type { ApiClient, HealthWire } from '../api/client/index.ts';
import { counted, FluxError } from '../base/index.ts';
import { short } from './await-job.ts';
import { createOutage } from './outage.ts';
import type { Output } from './output.ts';
import { GRACE_MS, timeoutAfter } from './poll.ts';
import { printableLine } from './printable.ts';
import { bar } from './progress.ts';
import type { Session } from './session.ts';
import { say } from './style.ts';
import { hintWhy } from './why-hint.ts';

type ObjectHealth = HealthWire['objects'][number];

/** The first answer comes soon, to show what the command waits for; later ones when an object settles, or after this time. */
const FIRST_S = 1;
const NEXT_S = 5;
/** Above this number, pending objects are counted instead of listed. */
const NAMED = 20;

const PAUSE_MS = 100;
/** Pause between requests to an unreachable daemon. */
const AWAY_MS = 1000;

/** States in display form. */
const WORDS: Readonly<Record<string, string>> = { inProgress: 'in progress' };

interface HealthOptions {
  /** The synced revision. A newer one that is synced meanwhile replaces it. */
  readonly revision: string | undefined;
  /** Where the objects that did not become healthy are reported. */
  readonly output: Output;
}

/**
 * Waits until all applied objects are healthy, and resolves to the exit code: 0, or 1 when an object failed or did not become healthy
 * in time. Reports progress on standard error.
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
    latest === undefined ? 'checking applied objects' : `${healthBar(latest)} healthy`,
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
  const printed = new Map<string, string>();
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
      await outage.tolerate(error);
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
      hintWhy(session, health.objects[0]?.id);
      sayVerdict(session, health);
      return health.objects.length === 0 ? 0 : 1;
    }
    if (printed.size === 0) stderr.write(`Waiting for ${counted(health.objects.length, 'object')} to become healthy ...\n`);
    for (const line of news(health, printed)) stderr.write(`  ${line}\n`);
    // The daemon does the waiting; the pause guards against one that answers at once.
    await clock.sleep(PAUSE_MS);
  }
}

/** The error for a daemon without health checks: Flux v1, or an older version. */
export function cannotWait(): FluxError {
  return new FluxError('this daemon does not report health, so --wait is not available', {
    code: 'cli/no-health',
    fault: 'user',
  });
}

/** A line for each object whose state has changed. */
function news({ objects }: HealthWire, printed: Map<string, string>): readonly string[] {
  const lines = objects.flatMap((object) => {
    const line = describe(object);
    if (printed.get(object.id) === line) return [];
    printed.set(object.id, line);
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
    session.stderr.write(`${all} of ${counted(all, 'object')} healthy.\n`);
    return;
  }
  const parts = Object.entries(counts)
    .filter(([state, number]) => state !== 'current' && number > 0)
    .map(([state, number]) => `${number} ${WORDS[state] ?? state}`);
  say(
    session,
    'Error',
    `${settled ? '' : 'timeout: '}${objects.length} of ${counted(all, 'object')} not healthy: ${parts.join(', ')}`,
  );
}
