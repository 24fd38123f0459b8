import type { LogEndWire, LogLinesWire, ProblemWire } from '../../src/api/wire/index.ts';
import { type Answer, UNREADABLE } from '../api/answer.ts';
import { readEvents } from '../api/event-stream.ts';
import { pause } from '../api/pause.ts';
import { pathOf } from '../shell/route.ts';
import type { Resume } from './resume.ts';

/** The log of a container of a workload. */
export interface LogPlace {
  readonly id: string;
  readonly source: string | undefined;
  readonly pod: string;
  readonly container: string;
  /** The container before its last restart. */
  readonly previous: boolean;
}

/** How it stands with the reading of a log. */
export type LogState =
  | { readonly kind: 'opening' }
  /** Lines come as they are written. */
  | { readonly kind: 'live' }
  /** No more lines come; `again` while the page looks for those of the next container. */
  | { readonly kind: 'ended'; readonly again: boolean }
  /** As many bytes as one reading may have were read. */
  | { readonly kind: 'limit' }
  /** The connection is lost, or the log cannot be read now. The page tries again. */
  | { readonly kind: 'lost'; readonly problem?: LogProblem }
  | { readonly kind: 'refused'; readonly problem: LogProblem };

export type LogProblem = Pick<ProblemWire, 'detail' | 'code' | 'help'>;

export interface LogReading {
  readonly place: LogPlace;
  /** Opens a stream of events at a path below `/api/v1`. */
  readonly open: (path: string, signal: AbortSignal) => Promise<Answer<ReadableStream<Uint8Array>>>;
  readonly follow: boolean;
  readonly tailLines: number;
  readonly resume: Resume;
  readonly signal: AbortSignal;
  /** Takes new lines; no more is read before it resolves. */
  readonly onLines: (lines: readonly string[]) => Promise<void>;
  /** Lines were left out: more are written than can be read. */
  readonly onGap: () => void;
  readonly onState: (state: LogState) => void;
  /** Waits until the next try, or until the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** fluxd ends a reading sooner; a machine that slept hears nothing of that. */
const READING_MS = 45_000;
const AGAIN_MS = 3_000;

/** Reads a log until the signal aborts, over all readings that fluxd ends; without `follow`, until its end. Never throws. */
export async function readLog(reading: LogReading): Promise<void> {
  const { follow, signal, onState, onGap, wait = pause } = reading;
  while (!signal.aborted) {
    const outcome = await readOnce(reading);
    if (signal.aborted) return;
    switch (outcome.kind) {
      case 'renew':
        continue;
      case 'limit':
        if (!follow) return onState({ kind: 'limit' });
        reading.resume.restart();
        onGap();
        continue;
      case 'ended':
        onState({ kind: 'ended', again: follow });
        if (!follow) return;
        break;
      case 'lost':
        onState(outcome);
        break;
      case 'refused':
        return onState(outcome);
    }
    await wait(AGAIN_MS, signal);
  }
}

type Outcome =
  | { readonly kind: 'renew' | 'limit' | 'ended' }
  | { readonly kind: 'lost'; readonly problem?: LogProblem }
  | { readonly kind: 'refused'; readonly problem: LogProblem };

async function readOnce({ place, open, follow, tailLines, resume, signal, onLines, onState }: LogReading): Promise<Outcome> {
  resume.begin();
  const { sinceTime } = resume;
  const { previous, ...rest } = place;
  const path = pathOf('/live/logs', {
    ...rest,
    previous: previous ? 'true' : undefined,
    follow: follow ? 'true' : undefined,
    ...(sinceTime === undefined ? { tailLines: String(tailLines) } : { sinceTime }),
  });
  const answer = await open(path, AbortSignal.any([signal, AbortSignal.timeout(READING_MS)]));
  if (answer.kind === 'refused') return answer;
  if (answer.kind === 'unreachable') return { kind: 'lost', ...(answer.problem ? { problem: answer.problem } : {}) };
  onState({ kind: 'live' });
  try {
    for await (const { type, data } of readEvents(answer.value)) {
      if (type === 'lines') {
        const { lines } = JSON.parse(data) as LogLinesWire;
        await onLines(resume.add(lines));
      } else if (type === 'end') return outcomeOf(JSON.parse(data) as LogEndWire, follow);
    }
  } catch {
    // The connection broke off, as does one that ends without an event.
  }
  return { kind: 'lost' };
}

function outcomeOf({ reason, problem = UNREADABLE }: LogEndWire, follow: boolean): Outcome {
  switch (reason) {
    case 'renew':
    case 'limit':
    case 'ended':
      return { kind: reason };
    default:
      // A container that has not started may do so.
      return { kind: follow ? 'lost' : 'refused', problem: problemOf(problem) };
  }
}

function problemOf({ detail, code, help }: NonNullable<LogEndWire['problem']>): LogProblem {
  return { detail, code, ...(help === undefined ? {} : { help }) };
}
