import { parseDuration } from '../base/index.ts';
import { containerPolicy } from './container-policy.ts';
import type { Policies } from './policies.ts';

/** How long an image has to be known before automation takes it. */
export interface MinAge {
  /** As written. */
  readonly text: string;
  /** Zero asks for no age. */
  readonly ms: number;
  /** Why the text is invalid: then it is unknown which age is asked for. */
  readonly problem?: string;
}

/** Asks for no age. */
export const NO_MIN_AGE: MinAge = { text: '0s', ms: 0 };

const DAY_MS = 86_400_000;
/** Longer ones are certainly errors: automation would never do anything. */
const MAX_MS = 3650 * DAY_MS;

const KNOWN = new Map<string, MinAge>();
const MAX_KNOWN = 1000;

/** Parses Go's durations, which may begin with days: `72h`, `3d`, `1d12h`. Never throws. */
export function parseMinAge(text: string): MinAge {
  const known = KNOWN.get(text);
  if (known) return known;
  if (KNOWN.size >= MAX_KNOWN) KNOWN.clear();
  const age = parse(text);
  KNOWN.set(text, age);
  return age;
}

function parse(text: string): MinAge {
  const [, days = '0', rest = ''] = /^(?:(\d{1,5})d)?(.*)$/s.exec(text.trim()) ?? [];
  try {
    const ms = Number(days) * DAY_MS + (rest === '' && days !== '0' ? 0 : parseDuration(rest));
    if (text.includes('-')) return { text, ms: 0, problem: 'is negative' };
    if (ms > MAX_MS) return { text, ms: 0, problem: 'is longer than ten years' };
    return { text, ms };
  } catch {
    return { text, ms: 0, problem: 'is not a duration such as 72h, 90m or 3d' };
  }
}

/** The age that the images of a container must have: its own, else that of the workload, else the default. */
export function minAgeFor(policies: Policies, container: string, byDefault: MinAge): MinAge {
  const text = policies.get(containerPolicy('min-age', container)) ?? policies.get('min-age');
  return text === undefined ? byDefault : parseMinAge(text);
}
