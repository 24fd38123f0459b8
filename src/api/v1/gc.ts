import { redact } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import { audited } from '../audit.ts';
import { parseJson } from '../body.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { approvalSchema, type HeldDeletionsWire, orphanDeletionSchema } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';
import { syncReply } from './syncs.ts';

/**
 * `GET /api/v1/gc` lists the deletions held in the last sync, and why; `POST /api/v1/gc/approvals` approves the list with the given
 * hash, `POST /api/v1/gc/orphan-deletions` the deletion of the given orphans. Both return the sync that performs the deletions.
 */
export function gcRoutes(daemon: Daemon): readonly Route[] {
  /** The deletions of the list that waits, if it is this one. */
  const heldWith = (hash: string) => {
    const held = daemon.heldDeletions();
    return held.hash === hash ? held.deletions.map(({ id }) => id) : [];
  };
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/gc`,
      access: 'authorized',
      handle() {
        const { deletions, ...rest } = daemon.heldDeletions();
        const body: HeldDeletionsWire = {
          ...rest,
          deletions: deletions.map((each) => ({ ...each, reason: redact(each.reason) })),
        };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/gc/approvals`,
      access: 'authorized',
      body: 'json',
      async handle({ body, audit }) {
        const approval = approvalSchema.safeParse(parseJson(body));
        if (!approval.success) {
          throw badRequest('the body is not an approval', {
            help: 'Send {"hash": "…"} with the hash from GET /api/v1/gc.',
            cause: approval.error,
          });
        }
        const { hash } = approval.data;
        const act = { act: 'gc approve', what: hash, on: heldWith(hash) } as const;
        return syncReply(202, await audited(audit, act, () => daemon.approveDeletions(hash)));
      },
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/gc/orphan-deletions`,
      access: 'authorized',
      body: 'json',
      async handle({ body, audit }) {
        const named = orphanDeletionSchema.safeParse(parseJson(body));
        if (!named.success) {
          throw badRequest('the body names no orphans', {
            help: 'Send {"orphans": [{"id": "…", "uid": "…"}]} with ids and uids from GET /api/v1/gc.',
            cause: named.error,
          });
        }
        const { orphans } = named.data;
        const act = { act: 'gc delete', on: orphans.map(({ id }) => id) } as const;
        return syncReply(202, await audited(audit, act, () => daemon.deleteOrphans(orphans)));
      },
    },
  ];
}
