import type { Logger } from '../../base/index.ts';
import { type Change, countOutcomes, isHeldDeletion, type Orphan, REPLICAS_HELD } from '../../change/index.ts';
import { formatPlace, type Problem } from '../../resource/index.ts';
import type { SyncOutcome } from './sync-outcome.ts';

/**
 * Logs the outcome of syncs: one line for each change, then a summary. A lasting problem is logged when it starts, changes or recurs, but
 * not in every sync.
 */
export function createOutcomeLog(): (outcome: SyncOutcome, log: Logger) => void {
  let reported: ReadonlySet<string> = new Set();

  return ({ revision, previous, changes, errors, warnings, orphans = [], startedAt, finishedAt, newCommits }, log) => {
    const trouble = new Set<string>();
    const isNews = (...what: readonly unknown[]) => {
      const text = JSON.stringify(what);
      trouble.add(text);
      return !reported.has(text);
    };
    // An autoscaler changes its number frequently.
    for (const warning of warnings)
      if (isNews(warning.error.code === REPLICAS_HELD ? { ...fields(warning), error: REPLICAS_HELD } : fields(warning)))
        log.warn(fields(warning), warning.file === undefined ? 'sync warning' : 'manifest warning');
    for (const error of errors) if (isNews(fields(error))) log.error(fields(error), 'manifest refused');
    const outside = changes.flatMap(({ id, excluded }) => (excluded ? [id] : []));
    if (outside.length > 0 && isNews('excluded', outside))
      log.warn({ resources: outside.join(',') }, 'not applying resources; excluded by namespace constraints');
    // Another Flux may be active, so changes of its objects are not logged each time.
    if (orphans.length > 0 && isNews('orphans')) log.info({ objects: orphans.length, resources: firstOf(orphans) }, ORPHANS);
    const deletions = changes.filter(isHeldDeletion);
    const many = [...Map.groupBy(deletions, ({ reason }) => reason)].filter(([, held]) => held.length > SHOWN);
    for (const [reason, held] of many)
      if (isNews('held', reason, held.length))
        log.warn({ objects: held.length, resources: firstOf(held), reason }, 'deletions held');
    const grouped: ReadonlySet<Change> = new Set(many.flatMap(([, held]) => held));
    for (const change of changes) {
      const { id, outcome, place, reason, error, excluded, waitsFor } = change;
      if (outcome === 'unchanged' || excluded || grouped.has(change)) continue;
      const what = {
        resource: id,
        outcome,
        ...(place ? { place: formatPlace(place) } : {}),
        ...(reason === undefined ? {} : { reason }),
      };
      if (outcome === 'created' || outcome === 'configured' || outcome === 'deleted') log.info(what, 'object synced');
      else if (!isNews(id, outcome, reason, error?.message)) continue;
      else if (outcome === 'failed') log.error({ ...what, error: error?.message, help: error?.help }, 'object failed');
      else if (waitsFor) log.info(what, 'object waits');
      else if (outcome === 'held') log.warn(what, 'object held');
      else log.info(what, 'object synced');
    }
    // What was applied is known without them.
    if (newCommits.state === 'unread' && isNews('commits', newCommits.error.message))
      log.warn({ revision, previous, error: newCommits.error.message }, 'listing the commits of the sync failed');
    reported = trouble;
    log.info({ revision, ...countOutcomes(changes), refused: errors.length, ms: finishedAt - startedAt }, 'sync done');
  };
}

const ORPHANS = 'objects that are not in Git have the mark of another Flux, or of an earlier URL, branch or path; left alone';
const SHOWN = 10;

function firstOf(orphans: readonly Pick<Orphan, 'id'>[]): string {
  return [...orphans.slice(0, SHOWN).map(({ id }) => id), ...(orphans.length > SHOWN ? ['…'] : [])].join(',');
}

function fields({ file, unit, line, column, document, item, id, error }: Problem): Record<string, unknown> {
  return { file, unit, line, column, document, item, resource: id, error: error.message, help: error.help };
}
