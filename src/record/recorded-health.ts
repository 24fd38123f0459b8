import * as z from 'zod';
import { redact } from '../base/index.ts';

/** What became of a workload that a sync created or changed. */
export interface RecordedHealth {
  /** `unknown`: it was not healthy in time, was changed again before, or could not be read. */
  readonly state: 'healthy' | 'failed' | 'unknown';
  /** The image of each container in the synced revision. */
  readonly images: Readonly<Record<string, string>>;
  /** Why it is not healthy. */
  readonly reason?: string;
}

/** By the id of the workload. */
export type RecordedHealths = Readonly<Record<string, RecordedHealth>>;

/** The health of one workload in a record; undefined if the record does not say. */
export function healthOf({ health = {} }: { readonly health?: RecordedHealths }, id: string): RecordedHealth | undefined {
  return Object.hasOwn(health, id) ? health[id] : undefined;
}

export const healthsSchema = z.record(
  z.string(),
  z.object({
    state: z.enum(['healthy', 'failed', 'unknown']),
    images: z.record(z.string(), z.string()),
    reason: z.string().exactOptional(),
  }),
);

/** Limits that keep a record small. */
const MAX_WORKLOADS = 200;
const MAX_CONTAINERS = 20;
const MAX_TEXT = 300;

/** Adds the newest health of workloads, without secrets. A record that is full omits older ones, and healthy before others. */
export function mergeHealth(before: RecordedHealths = {}, newest: RecordedHealths): RecordedHealths {
  const older = Object.entries(before).filter(([id]) => !Object.hasOwn(newest, id));
  const byTrouble = Object.entries(newest).sort(([, a], [, b]) => rank(a) - rank(b));
  const kept = [...byTrouble, ...older].slice(0, MAX_WORKLOADS).map(([id, health]) => [id, bounded(health)] as const);
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rank({ state }: RecordedHealth): number {
  return state === 'healthy' ? 1 : 0;
}

function bounded({ state, images, reason }: RecordedHealth): RecordedHealth {
  const short = Object.entries(images)
    .filter(([container, image]) => container.length <= MAX_TEXT && image.length <= 2 * MAX_TEXT)
    .slice(0, MAX_CONTAINERS);
  return {
    state,
    images: Object.fromEntries(short),
    ...(reason === undefined ? {} : { reason: shortReason(reason) }),
  };
}

function shortReason(text: string): string {
  const line = redact(text).replace(/\s+/g, ' ');
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
