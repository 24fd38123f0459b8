import { type FluxError, redact } from '../../base/index.ts';
import type { Change } from '../../change/index.ts';
import type { OfSource, SyncReport } from '../../controller/index.ts';
import type { Unverified } from '../../repository/index.ts';
import type { Problem } from '../../resource/index.ts';
import type { SyncReportWire, UnverifiedWire } from '../wire/index.ts';
import { placeToWire } from './place.ts';

type ErrorObject = NonNullable<SyncReportWire['failure']>;

export function syncReportToWire(report: SyncReport): SyncReportWire {
  const {
    id,
    state,
    revision,
    previous,
    startedAt,
    finishedAt,
    counts,
    changes,
    errors,
    warnings,
    sources,
    failure,
    unverified,
  } = report;
  return {
    id,
    state,
    ...(revision === undefined ? {} : { revision }),
    ...(previous === undefined ? {} : { previous }),
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }),
    ...(finishedAt === undefined ? {} : { finishedAt: new Date(finishedAt).toISOString() }),
    counts: { ...counts },
    changes: changes.map(changeToWire),
    errors: errors.map(problemToWire),
    warnings: warnings.map(problemToWire),
    ...(sources === undefined ? {} : { sources: [...sources] }),
    ...(failure === undefined ? {} : { failure: errorToWire(failure) }),
    ...(unverified === undefined ? {} : { unverified: unverifiedToWire(unverified) }),
  };
}

function changeToWire({ id, outcome, place, reason, error, source }: Change & OfSource): SyncReportWire['changes'][number] {
  return {
    id,
    ...(source === undefined ? {} : { source }),
    outcome,
    ...(place === undefined ? {} : { place: placeToWire(place) }),
    ...(reason === undefined ? {} : { reason: redact(reason) }),
    ...(error === undefined ? {} : { error: errorToWire(error) }),
  };
}

export function problemToWire(problem: Problem & OfSource): SyncReportWire['errors'][number] {
  const { file, document, item, line, column, id, error, source } = problem;
  return { file, document, item, line, column, id, ...(source === undefined ? {} : { source }), error: errorToWire(error) };
}

/** The name of a key may be anything. */
export function unverifiedToWire({ key, signer, ...unverified }: Unverified): UnverifiedWire {
  return { ...unverified, key: redact(key), signer: redact(signer) };
}

export function errorToWire({ code, message, help }: FluxError): ErrorObject {
  return { code, message: redact(message), ...(help === undefined ? {} : { help: redact(help) }) };
}
