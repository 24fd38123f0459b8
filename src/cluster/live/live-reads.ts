import type { Cancellable } from '../../base/index.ts';
import type { LiveObjectReport, LivePodsReport, LogPiece } from '../../change/index.ts';
import { type LogQuestion, liveLogs } from './live-logs.ts';
import { liveObject } from './live-object.ts';
import { livePods } from './live-pods.ts';
import type { LiveDeps, LiveQuestion } from './locate.ts';

/** What people look at, each with their own rights. */
export function createLiveReads(deps: LiveDeps) {
  return {
    object: (question: LiveQuestion, { signal }: Cancellable = {}): Promise<LiveObjectReport> =>
      liveObject(question, deps, signal),
    pods: (question: LiveQuestion, { signal }: Cancellable = {}): Promise<LivePodsReport> => livePods(question, deps, signal),
    logs: (question: LogQuestion, { signal }: Required<Cancellable>): Promise<AsyncIterable<LogPiece>> =>
      liveLogs(question, deps, signal),
  };
}
