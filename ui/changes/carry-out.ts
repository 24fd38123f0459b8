import type { SyncReportWire } from '../../src/api/wire/index.ts';
import type { Answer } from '../api/answer.ts';
import { request } from '../api/request.ts';
import { pathOf } from '../shell/route.ts';
import { plural } from '../text/sentence.ts';
import type { Act, Cause, Rehearsed } from './act.ts';
import { followed } from './follow.ts';
import { type Door, type JobResult, runJob } from './job.ts';
import { failureOf, helpOf, type Outcome } from './outcome.ts';
import type { Plan } from './plan.ts';
import { claimOf, policyRequest, rehearsedRequest } from './spec.ts';

/** An act that a person confirmed; of those that are rehearsed, with what the dry run showed. */
export type Confirmed =
  | { readonly act: Exclude<Act, Rehearsed>; readonly cause: Cause }
  | { readonly act: Rehearsed; readonly plan: Plan; readonly cause: Cause };

/** Asks fluxd for an act once, and follows it to its end. */
export async function carryOut(confirmed: Confirmed, door: Door): Promise<Outcome> {
  const { token, source } = door;
  const { cause } = confirmed;
  if ('plan' in confirmed) return jobOf(await runJob(rehearsedRequest(confirmed.act, confirmed.plan, cause), door));
  const { act } = confirmed;
  switch (act.type) {
    case 'sync':
      return syncOf(await request<SyncReportWire>({ path: pathOf('/syncs', { source }), token, body: {} }), door);
    case 'approve': {
      const body = { hash: act.hash };
      return syncOf(await request<SyncReportWire>({ path: pathOf('/gc/approvals', { source }), token, body }), door);
    }
    case 'suspend':
    case 'resume': {
      const answer = await request({
        path: pathOf(`/automation/${act.type}`, { source }),
        token,
        body: { user: claimOf(cause), message: cause.message },
      });
      const text = act.type === 'suspend' ? 'Automation is suspended.' : 'Automation is resumed.';
      return answer.kind === 'ok' ? { kind: 'done', text } : failureOf(answer);
    }
    case 'policy':
    case 'ban':
    case 'unban':
      return jobOf(await runJob(policyRequest(act, cause), door));
  }
}

async function syncOf(started: Answer<SyncReportWire>, { token, source }: Door): Promise<Outcome> {
  if (started.kind !== 'ok') return failureOf(started);
  const { id } = started.value;
  const report = await followed<SyncReportWire>(
    () => request({ path: pathOf(`/syncs/${encodeURIComponent(id)}`, { source }), token }),
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

function jobOf(job: Awaited<ReturnType<typeof runJob>>): Outcome {
  if (job.kind !== 'succeeded') return job;
  const { revision, pullRequests = [] } = job.result;
  const notices = noticesOf(job.result);
  if (pullRequests.length > 0) {
    const proposed = pullRequests.map(({ branch, name = branch, url }) => ({ name, ...(url === undefined ? {} : { url }) }));
    return { kind: 'done', text: ['It waits to be merged.', ...notices].join(' '), pullRequests: proposed };
  }
  if (!revision) return { kind: 'done', text: ['Nothing had to be changed.', ...notices].join(' ') };
  return { kind: 'done', text: ['It is committed.', ...notices].join(' '), revision };
}

/** What fluxd adds about workloads: that automation will update one again, or why one stayed as it was. */
function noticesOf({ result = {} }: JobResult): readonly string[] {
  return Object.entries(result).flatMap(([id, { Status, Error: notice }]) =>
    notice === undefined || Status === 'ignored' ? [] : [`${id}: ${notice}.`],
  );
}
