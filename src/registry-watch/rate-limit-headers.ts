import type { IncomingHttpHeaders } from 'node:http';

/** What a response says of a limit on requests. */
export interface ReportedLimit {
  /** Requests in a window. */
  readonly limit?: number;
  readonly remaining: number;
  readonly windowMs?: number;
  /** Time until the window ends; absent for a rolling window. */
  readonly resetMs?: number;
}

/** Bound of a window: a host that names a longer one is asked again within a day. */
const MAX_MS = 86_400_000;
/** Numbers of seconds above this are Unix times, as GitLab sends them. */
const EPOCH_S = 1_000_000_000;

/**
 * Reads the rate limit from the headers of a response, in the forms of Docker Hub (`ratelimit-limit: 100;w=21600`) and of all drafts of
 * the IETF's `RateLimit` fields. Of several limits, the one that allows the fewest requests for the longest time. Undefined if there
 * is none, or if it names no time.
 */
export function reportedLimit(headers: IncomingHttpHeaders, now: number): ReportedLimit | undefined {
  const text = (name: string) => String(headers[name] ?? '').slice(0, 1000);
  const found = [
    separate({ limit: text('ratelimit-limit'), remaining: text('ratelimit-remaining'), reset: text('ratelimit-reset') }, now),
    ...combined({ limit: text('ratelimit'), policy: text('ratelimit-policy') }, now),
  ].filter((reported) => reported !== undefined);
  const slowness = ({ remaining, windowMs = 0, resetMs = windowMs }: ReportedLimit) => resetMs / Math.max(remaining, 0.5);
  return found.toSorted((a, b) => slowness(b) - slowness(a))[0];
}

/** `100;w=21600` and `76;w=21600`, or `10, 10;w=1, 1000;w=3600` with `9` and `1`. */
function separate(
  { limit, remaining, reset }: { readonly limit: string; readonly remaining: string; readonly reset: string },
  now: number,
): ReportedLimit | undefined {
  const [first, ...policies] = limit.split(',').map(item);
  const count = first?.value;
  const window = [first, ...policies]
    .find((policy) => policy?.value === count && policy?.parameters.has('w'))
    ?.parameters.get('w');
  const left = item(remaining);
  return limitOf(
    { limit: count, remaining: left.value, window: window ?? left.parameters.get('w'), reset: item(reset).value },
    now,
  );
}

/** `limit=100, remaining=50, reset=5` with the policy `100;w=10`, or `"a";r=50;t=30` with `"a";q=100;w=60`. */
function combined({ limit, policy }: { readonly limit: string; readonly policy: string }, now: number) {
  const policies = policy.split(',').map(item);
  if (/^\s*(?:limit|remaining|reset)\s*=/.test(limit)) {
    const { parameters } = item(`;${limit.replaceAll(',', ';')}`);
    const count = parameters.get('limit');
    const window = policies.find(({ value }) => value === count)?.parameters.get('w');
    return [limitOf({ limit: count, remaining: parameters.get('remaining'), reset: parameters.get('reset'), window }, now)];
  }
  return limit.split(',').map((text) => {
    const { name, parameters } = item(text);
    const same = policies.find((each) => each.name === name)?.parameters;
    return limitOf(
      { limit: same?.get('q'), remaining: parameters.get('r'), reset: parameters.get('t'), window: same?.get('w') },
      now,
    );
  });
}

interface Numbers {
  readonly limit: number | undefined;
  readonly remaining: number | undefined;
  /** In seconds. */
  readonly window: number | undefined;
  /** In seconds, or a Unix time. */
  readonly reset: number | undefined;
}

function limitOf({ limit, remaining, window, reset }: Numbers, now: number): ReportedLimit | undefined {
  if (remaining === undefined || limit === 0 || (window === undefined && reset === undefined)) return undefined;
  const resetMs = reset === undefined ? undefined : Math.max(0, reset > EPOCH_S ? reset * 1000 - now : reset * 1000);
  return {
    remaining,
    ...(limit === undefined ? {} : { limit }),
    ...(window === undefined || window === 0 ? {} : { windowMs: Math.min(window * 1000, MAX_MS) }),
    ...(resetMs === undefined ? {} : { resetMs: Math.min(resetMs, MAX_MS) }),
  };
}

/** A number or a quoted name, and the parameters behind it that are whole numbers. */
function item(text: string): {
  readonly name: string;
  readonly value: number | undefined;
  readonly parameters: Map<string, number>;
} {
  const [head = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = rest.flatMap((part) => {
    const [, key, value] = /^([a-z]{1,20})\s*=\s*(\d{1,12})$/i.exec(part) ?? [];
    return key === undefined ? [] : [[key.toLowerCase(), Number(value)] as const];
  });
  return { name: head, value: /^\d{1,12}$/.test(head) ? Number(head) : undefined, parameters: new Map(parameters) };
}
