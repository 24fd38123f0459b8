import { redact } from '../../base/index.ts';
import type { Daemon, DiffReport } from '../../controller/index.ts';
import { parseJson } from '../body.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { type DiffReportWire, diffRequestSchema, MAX_DIFF_BYTES } from '../wire/index.ts';
import { placeToWire } from './place.ts';
import { V1_PREFIX } from './prefix.ts';
import { errorToWire, problemToWire } from './sync-report.ts';

/** `POST /api/v1/diffs` returns what a sync of a revision, or of the files in the body, would do. The result is not stored. */
export function diffRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/diffs`,
      access: 'authorized',
      body: 'json',
      maxBodyBytes: MAX_DIFF_BYTES,
      async handle({ body, signal }) {
        const request = diffRequestSchema.safeParse(parseJson(body));
        if (!request.success) {
          throw badRequest('the body has neither a revision nor files', {
            help: 'Send {}, {"revision": "…"} or {"files": [{"path": "…", "content": "…"}]} with paths relative to one directory.',
            cause: request.error,
          });
        }
        const report = await daemon.diff(request.data, { signal });
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(diffReportToWire(report)) };
      },
    },
  ];
}

function diffReportToWire({ revision, counts, entries, errors, warnings }: DiffReport): DiffReportWire {
  return {
    ...(revision === undefined ? {} : { revision }),
    counts: { ...counts },
    entries: entries.map(entryToWire),
    errors: errors.map(problemToWire),
    warnings: warnings.map(problemToWire),
  };
}

function entryToWire({
  id,
  action,
  place,
  reason,
  error,
  fields,
}: DiffReport['entries'][number]): DiffReportWire['entries'][number] {
  return {
    id,
    action,
    ...(place === undefined ? {} : { place: placeToWire(place) }),
    ...(reason === undefined ? {} : { reason: redact(reason) }),
    ...(error === undefined ? {} : { error: errorToWire(error) }),
    ...(fields === undefined ? {} : { fields: fields as DiffReportWire['entries'][number]['fields'] }),
  };
}
