import type { Logger } from '../base/index.ts';
import { formatPlace } from '../resource/index.ts';
import type { Problem } from './ports.ts';
import type { SyncOutcome } from './sync.ts';
import { countOutcomes } from './sync-recorder.ts';

/** One line for each thing that is not as before, then one with the sum. */
export function logOutcome(
  { revision, changes, errors, warnings, startedAt, finishedAt, unrecorded }: SyncOutcome,
  log: Logger,
): void {
  for (const warning of warnings) log.warn(fields(warning), 'manifest warning');
  for (const error of errors) log.error(fields(error), 'manifest refused');
  for (const { id, outcome, place, reason, error } of changes) {
    if (outcome === 'unchanged') continue;
    const what = {
      resource: id,
      outcome,
      ...(place ? { place: formatPlace(place) } : {}),
      ...(reason === undefined ? {} : { reason }),
    };
    if (outcome === 'failed') log.error({ ...what, error: error?.message, help: error?.help }, 'object failed');
    else if (outcome === 'held') log.warn(what, 'object held');
    else log.info(what, 'object synced');
  }
  if (unrecorded)
    log.warn({ revision, error: unrecorded.message, help: unrecorded.help }, 'sync not recorded in git, trying again');
  log.info({ revision, ...countOutcomes(changes), refused: errors.length, ms: finishedAt - startedAt }, 'sync done');
}

function fields({ file, line, column, document, item, id, error }: Problem): Record<string, unknown> {
  return { file, line, column, document, item, resource: id, error: error.message, help: error.help };
}
