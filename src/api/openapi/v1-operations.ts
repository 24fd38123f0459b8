import * as z from 'zod';
import {
  approvalSchema,
  diffReportSchema,
  diffRequestSchema,
  eventSchema,
  healthSchema,
  heldDeletionsSchema,
  historySchema,
  imageScansSchema,
  OBJECT_STATES,
  objectStatesSchema,
  orphanDeletionSchema,
  syncReportSchema,
  writersSchema,
} from '../wire/index.ts';
import type { Operation, Operations, Parameter } from './operation.ts';

const wait: Parameter = {
  description: 'Answer when it is done, at the latest after this many seconds.',
  schema: z.int().min(0).max(60),
};
const page: Operation['query'] = {
  limit: { description: 'How many entries a page holds; 100 where nothing is said.', schema: z.int().min(1).max(1000) },
  cursor: { description: 'The `next` of the page before.', schema: z.string() },
};

function read(id: string, summary: string, schema: z.ZodType, query?: Operation['query']): Operation {
  return { id, summary, ...(query ? { query } : {}), answer: { status: 200, description: summary, schema }, conditional: true };
}

/** The operations of `/api/v1`. */
export const V1_OPERATIONS: Operations = {
  'POST /api/v1/syncs': {
    id: 'startSync',
    summary: 'Asks for a sync, also when nothing is new.',
    body: { schema: z.strictObject({}), required: false },
    answer: {
      status: 202,
      description: 'The sync that was asked for; Location says where to look for it.',
      schema: syncReportSchema,
    },
  },
  'GET /api/v1/syncs/{id}': read('getSync', 'One sync, from asked-for to done.', syncReportSchema, { wait }),
  'GET /api/v1/objects': read(
    'listObjects',
    'Where every object of the repository stands since the last sync.',
    objectStatesSchema,
    {
      state: {
        description: 'Only objects in these states, separated by commas; may be given again.',
        schema: z.enum(OBJECT_STATES),
      },
      namespace: { description: 'Only objects of this namespace.', schema: z.string() },
      ...page,
    },
  ),
  'GET /api/v1/history': read('listHistory', 'Syncs of the past, newest first.', historySchema, page),
  'GET /api/v1/writers': read('getWriters', 'Who set the sync tag, and who wrote the job notes.', writersSchema),
  'GET /api/v1/images/scans': read(
    'listImageScans',
    'When each image repository was looked at, and will be.',
    imageScansSchema,
    page,
  ),
  'GET /api/v1/events': {
    id: 'followEvents',
    summary: 'What happens, as server-sent events; the data of each is one JSON object.',
    headers: {
      'Last-Event-ID': { description: 'The id of the last event that the client has.', schema: z.string() },
    },
    answer: { status: 200, description: 'A stream of events.', schema: eventSchema, mediaType: 'text/event-stream' },
  },
  'GET /api/v1/health': read('getHealth', 'How the objects are that the last sync applied.', healthSchema, { wait }),
  'POST /api/v1/diffs': {
    id: 'diff',
    summary: 'What a sync of a revision, or of these files, would change; nothing is changed.',
    body: { schema: diffRequestSchema, required: true },
    answer: { status: 200, description: 'What a sync would do.', schema: diffReportSchema },
  },
  'GET /api/v1/gc': read('listHeldDeletions', 'Deletions that did not happen in the last sync, and why.', heldDeletionsSchema),
  'POST /api/v1/gc/approvals': {
    id: 'approveDeletions',
    summary: 'Approves the list of held deletions with this hash.',
    body: { schema: approvalSchema, required: true },
    answer: { status: 202, description: 'The sync that carries them out.', schema: syncReportSchema },
  },
  'POST /api/v1/gc/orphan-deletions': {
    id: 'deleteOrphans',
    summary: 'Approves the deletion of these orphans.',
    body: { schema: orphanDeletionSchema, required: true },
    answer: { status: 202, description: 'The sync that carries it out.', schema: syncReportSchema },
  },
  'GET /api/v1/openapi.json': read('getOpenApi', 'This document.', z.object({ openapi: z.string() })),
};
