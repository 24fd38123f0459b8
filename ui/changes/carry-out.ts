import type { JobStatusWire, SyncReportWire } from '../../src/api/wire/index.ts';
import { type Answer, UNREADABLE } from '../api/answer.ts';
import { request } from '../api/request.ts';
import { plural } from '../text/sentence.ts';
import { type Act, type Cause, policyUpdate } from './act.ts';

/** What came of an act. */
export type Outcome =
  | { readonly kind: 'done'; readonly text: string; readonly revision?: string }
  | { readonly kind: 'failed'; readonly text: string; readonly help?: string }
  /** The answer was lost: it may have been done. It is not asked for again by itself. */
  | { readonly kind: 'unknown' };

export interface Asked {
  readonly act: Act;
  readonly cause: Cause;
  readonly token: string;
  /** The name of the source, if there are several. */
  readonly source?: string | undefined;
}

/** Asks fluxd for an act once, and follows it to its end. */
export async function carryOut(asked: Asked): Promise<Outcome> {
  const { act, cause, token, source } = asked;
  const query = source === undefined ? '' : `?source=${encodeURIComponent(source)}`;
  const { user, message } = cause;
  switch (act.type) {
    case 'sync':
      return syncOf(await request<SyncReportWire>({ path: `/syncs${query}`, token, body: {} }), token, query);
    case 'approve': {
      const body = { hash: act.hash };
      return syncOf(await request<SyncReportWire>({ path: `/gc/approvals${query}`, token, body }), token, query);
    }
    case 'suspend':
    case 'resume': {
      const answer = await request({ path: `/automation/${act.type}${query}`, token, body: { user, message } });
      const text = act.type === 'suspend' ? 'Automation is suspended.' : 'Automation is resumed.';
      return answer.kind === 'ok' ? { kind: 'done', text } : unanswered(answer);
    }
    case 'policy': {
      const spec = { [act.id]: policyUpdate(act.change, cause) };
      const body = { type: 'policy', cause: { User: user, Message: message }, spec };
      return jobOf(await request<string>({ api: 'flux', path: `/v9/update-manifests${query}`, token, body }), token, query);
    }
  }
}

async function syncOf(started: Answer<SyncReportWire>, token: string, query: string): Promise<Outcome> {
  if (started.kind !== 'ok') return unanswered(started);
  const { id } = started.value;
  const report = await followed<SyncReportWire>(
    () => request({ path: `/syncs/${encodeURIComponent(id)}${query}`, token }),
    ({ state }) => state === 'done',
  );
  if (report?.failure) return { kind: 'failed', text: report.failure.message, ...helpOf(report.failure.help) };
  if (!report) return { kind: 'unknown' };
  const { revision, counts, errors } = report;
  const changed = ['created', 'configured', 'deleted'].flatMap((name) => (counts[name] ? [`${counts[name]} ${name}`] : []));
  const failed = (counts.failed ?? 0) + errors.length;
  const text = `${changed.length === 0 ? 'Nothing had to be changed' : changed.join(', ')}.`;
  if (failed > 0) return { kind: 'failed', text: `${text} ${plural(failed, 'object')} failed; see the overview.` };
  return { kind: 'done', text, ...(revision === undefined ? {} : { revision }) };
}

async function jobOf(started: Answer<string>, token: string, query: string): Promise<Outcome> {
  if (started.kind !== 'ok') return unanswered(started);
  const and = query === '' ? '?' : `${query}&`;
  const job = await followed<JobStatusWire>(
    () => request({ api: 'flux', path: `/v6/jobs${and}id=${encodeURIComponent(started.value)}`, token }),
    ({ StatusString }) => StatusString === 'succeeded' || StatusString === 'failed',
  );
  if (!job) return { kind: 'unknown' };
  if (job.StatusString === 'failed') return { kind: 'failed', text: job.Err };
  const { revision } = job.Result ?? {};
  return { kind: 'done', text: 'It is committed.', ...(revision ? { revision } : {}) };
}

const PAUSE_MS = 500;
/** A sync, or a job that waits for its turn, ends within this time, or goes on without us. */
const PATIENCE_MS = 300_000;

/** Asks until it is over; undefined if that is not known in the end. Answers may be lost meanwhile. */
async function followed<T>(ask: () => Promise<Answer<T>>, isOver: (value: T) => boolean): Promise<T | undefined> {
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const answer = await ask();
    if (answer.kind === 'ok' && isOver(answer.value)) return answer.value;
    if (answer.kind === 'refused') return undefined;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return undefined;
}

/** fluxd that answers that it cannot now has not done it. */
function unanswered(answer: Exclude<Answer<unknown>, { readonly kind: 'ok' }>): Outcome {
  if (!answer.problem || answer.problem.code === UNREADABLE.code) return { kind: 'unknown' };
  return { kind: 'failed', text: answer.problem.detail, ...helpOf(answer.problem.help) };
}

function helpOf(help: string | undefined) {
  return help === undefined ? {} : { help };
}
