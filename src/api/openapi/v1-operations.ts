import * as z from 'zod';
import {
  approvalSchema,
  automationSchema,
  diffReportSchema,
  diffRequestSchema,
  eventSchema,
  healthSchema,
  heldDeletionsSchema,
  historySchema,
  imageDecisionsSchema,
  imageScansSchema,
  liveObjectSchema,
  livePodsSchema,
  logEndSchema,
  logLinesSchema,
  MAX_TAIL_LINES,
  manifestSchema,
  OBJECT_STATES,
  objectCommitsSchema,
  objectDiffSchema,
  objectStatesSchema,
  oidcAnswerSchema,
  oidcRequestSchema,
  oidcRequestUrlSchema,
  orphanDeletionSchema,
  overviewSchema,
  pageCodeSchema,
  pageRightsSchema,
  pageSessionSchema,
  publicKeySchema,
  STATUSES,
  signInWaysSchema,
  sourcesSchema,
  syncReportSchema,
  topologySchema,
  whoAndWhySchema,
  whySchema,
  writersSchema,
} from '../wire/index.ts';
import type { Operation, Operations, Parameter } from './operation.ts';

const wait: Parameter = {
  description: 'Wait for the result, up to this many seconds.',
  schema: z.int().min(0).max(60),
};
const page: Operation['query'] = {
  limit: { description: 'Number of entries per page; 100 by default.', schema: z.int().min(1).max(1000) },
  cursor: { description: 'The `next` of the previous page.', schema: z.string() },
};

const objectId: Parameter = { description: 'The object, `shop:deployment/cart`.', schema: z.string() };
const syncedRevision: Parameter = { description: 'A revision that was synced, in full.', schema: z.string() };

function read(id: string, summary: string, schema: z.ZodType, query?: Operation['query']): Operation {
  return { id, summary, ...(query ? { query } : {}), answer: { status: 200, description: summary, schema }, conditional: true };
}

/** Operations that can be limited to one source. */
const OF_SOURCES: Operations = {
  'POST /api/v1/syncs': {
    id: 'startSync',
    summary: 'Requests a sync, even if nothing is new.',
    body: { schema: z.strictObject({}), required: false },
    answer: {
      status: 202,
      description: 'The requested sync; Location has its URL.',
      schema: syncReportSchema,
    },
  },
  'POST /api/v1/syncs/override-window': {
    id: 'overrideSyncWindow',
    summary: 'Requests a sync that applies the head of the branch although the window of syncs is closed.',
    body: { schema: z.strictObject({}), required: false },
    answer: {
      status: 202,
      description: 'The requested sync; Location has its URL.',
      schema: syncReportSchema,
    },
  },
  'GET /api/v1/syncs/{id}': read('getSync', 'Returns one sync, from queued to done.', syncReportSchema, { wait }),
  'GET /api/v1/objects': read(
    'listObjects',
    'Lists the state of the objects of the repository since the last sync.',
    objectStatesSchema,
    {
      state: {
        description: 'Only objects in these states, comma-separated; may be repeated.',
        schema: z.enum(OBJECT_STATES),
      },
      namespace: { description: 'Only objects in this namespace.', schema: z.string() },
      ...page,
    },
  ),
  'GET /api/v1/history': read('listHistory', 'Lists recent syncs, newest first.', historySchema, page),
  'GET /api/v1/why': read('why', 'Returns why an object, an image or a file is as it is, from Git to the pods.', whySchema, {
    id: { description: 'An object, `shop:deployment/cart`. Give one of id, image and file.', schema: z.string() },
    container: { description: 'Only this container of the object.', schema: z.string() },
    image: { description: 'An image in use, with or without a tag: `acme/cart:1.4`.', schema: z.string() },
    namespace: { description: 'With an image: only workloads of this namespace.', schema: z.string() },
    file: { description: 'A file of the repository, with or without a line: `deploy/cart.yaml:12`.', schema: z.string() },
  }),
  'GET /api/v1/topology': read(
    'getTopology',
    'Returns what runs, from the repositories to the pods, as a graph of at most 300 nodes.',
    topologySchema,
    {
      folder: {
        description: 'Only objects of this folder and of those below it; `<none>` for what is not in the repository.',
        schema: z.string(),
      },
      namespace: { description: 'Only objects of this namespace; `<cluster>` for those without.', schema: z.string() },
      kind: {
        description: 'Only objects of this kind, in lower case; `<none>` for documents without a readable name.',
        schema: z.string(),
      },
      status: { description: 'Only objects of this status.', schema: z.enum(STATUSES) },
      text: { description: 'Only objects whose id or file has this text.', schema: z.string() },
      around: {
        description: 'One object with what is around it, `shop:deployment/cart`, instead of a filter.',
        schema: z.string(),
      },
    },
  ),
  'GET /api/v1/manifest': read(
    'getManifest',
    'Returns an object of the repository; of a Secret or a confidential object without its values.',
    manifestSchema,
    { id: objectId },
  ),
  'GET /api/v1/live/object': {
    id: 'getLiveObject',
    summary: 'Returns an object of the repository beside that of the cluster, read with the rights of the caller. Only by TLS.',
    query: { id: objectId },
    answer: { status: 200, description: 'The fields, who owns each, and the Events.', schema: liveObjectSchema },
  },
  'GET /api/v1/live/pods': {
    id: 'getLivePods',
    summary:
      'Returns the pods of a workload of the repository, and what they use, read with the rights of the caller. Only by TLS.',
    query: { id: objectId },
    answer: { status: 200, description: 'The pods and their containers.', schema: livePodsSchema },
  },
  'GET /api/v1/live/logs': {
    id: 'readLog',
    summary:
      'Streams the log of a container of a workload of the repository as server-sent events, read with the rights of the caller. Only by TLS.',
    query: {
      id: objectId,
      pod: { description: 'A pod of the workload.', schema: z.string() },
      container: { description: 'A container of the pod.', schema: z.string() },
      previous: { description: 'The log of the container before its last restart.', schema: z.boolean() },
      follow: { description: 'Also lines that come later, for half a minute.', schema: z.boolean() },
      tailLines: {
        description: 'At most so many of the last lines; 1,000 by default without `sinceTime`.',
        schema: z.int().min(0).max(MAX_TAIL_LINES),
      },
      sinceTime: { description: 'Lines from this second on, in RFC 3339.', schema: z.string() },
    },
    answer: {
      status: 200,
      description: 'Events `lines`, and one event `end`.',
      schema: z.union([logLinesSchema, logEndSchema]),
      mediaType: 'text/event-stream',
    },
  },
  'GET /api/v1/objects/commits': read(
    'listObjectCommits',
    'Lists the last commits of the file that an object is written in.',
    objectCommitsSchema,
    { id: objectId },
  ),
  'GET /api/v1/objects/diff': read(
    'diffObject',
    'Returns how an object of Git differs between two revisions that were synced. Nothing is rendered or decrypted for it.',
    objectDiffSchema,
    { id: objectId, from: syncedRevision, to: syncedRevision },
  ),
  'GET /api/v1/writers': read('getWriters', 'Returns who set the sync tag, and who wrote the job notes.', writersSchema),
  'GET /api/v1/health': read('getHealth', 'Returns the health of the objects that the last sync applied.', healthSchema, {
    wait,
  }),
  'POST /api/v1/diffs': {
    id: 'diff',
    summary: 'Returns what a sync of a revision, or of the given files, would change, without changing it.',
    body: { schema: diffRequestSchema, required: true },
    answer: { status: 200, description: 'The changes that a sync would make.', schema: diffReportSchema },
  },
  'GET /api/v1/automation': read(
    'getAutomation',
    'Returns whether automation is suspended, and where that is remembered.',
    automationSchema,
  ),
  'POST /api/v1/automation/suspend': {
    id: 'suspendAutomation',
    summary: 'Suspends automatic image updates until they are resumed.',
    body: { schema: whoAndWhySchema, required: true },
    answer: { status: 200, description: 'The automation of each source.', schema: automationSchema },
  },
  'POST /api/v1/automation/resume': {
    id: 'resumeAutomation',
    summary: 'Resumes automatic image updates.',
    body: { schema: whoAndWhySchema, required: true },
    answer: { status: 200, description: 'The automation of each source.', schema: automationSchema },
  },
  'POST /api/v1/identity/regenerate': {
    id: 'regenerateDeployKey',
    summary: 'Makes a new deploy key. The one before remains in use until every Git host has accepted the new one.',
    body: { schema: z.object({}), required: true },
    answer: { status: 200, description: 'The new public key, which is stored.', schema: publicKeySchema },
  },
  'GET /api/v1/gc': read('listHeldDeletions', 'Lists the deletions held in the last sync, and why.', heldDeletionsSchema),
  'POST /api/v1/gc/approvals': {
    id: 'approveDeletions',
    summary: 'Approves the list of held deletions with this hash.',
    body: { schema: approvalSchema, required: true },
    answer: { status: 202, description: 'The sync that performs the deletions.', schema: syncReportSchema },
  },
  'POST /api/v1/gc/orphan-deletions': {
    id: 'deleteOrphans',
    summary: 'Approves the deletion of these orphans.',
    body: { schema: orphanDeletionSchema, required: true },
    answer: { status: 202, description: 'The sync that performs the deletions.', schema: syncReportSchema },
  },
};

const source: Parameter = {
  description:
    'Only this source, by its name in `GET /api/v1/sources`. Otherwise all sources, or an error where that is not possible.',
  schema: z.string(),
};

function withSource(operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([route, each]) => [route, { ...each, query: { ...each.query, source } }]),
  );
}

/** The operations of `/api/v1`. */
export const V1_OPERATIONS: Operations = {
  ...withSource(OF_SOURCES),
  'GET /api/v1/sources': read('listSources', 'Lists the repositories that the daemon syncs from.', sourcesSchema),
  'GET /api/v1/overview': read('getOverview', 'Returns the sources at a glance, and what is wrong.', overviewSchema),
  'GET /api/v1/images/decisions': read(
    'listImageDecisions',
    'Lists what automation does with the image of each container in Git, and why.',
    imageDecisionsSchema,
    page,
  ),
  'GET /api/v1/images/scans': read(
    'listImageScans',
    'Lists the last and next scan of each image repository, and the requests that registries still answer.',
    imageScansSchema,
    page,
  ),
  'GET /api/v1/events': {
    id: 'followEvents',
    summary: 'Streams events as server-sent events; the data of each is one JSON object.',
    headers: {
      'Last-Event-ID': { description: 'The id of the last event that the client received.', schema: z.string() },
    },
    answer: { status: 200, description: 'A stream of events.', schema: eventSchema, mediaType: 'text/event-stream' },
  },
  'POST /api/v1/ui/codes': {
    id: 'createPageCode',
    summary: 'Makes a one-time code with which a browser opens the web page; over loopback only.',
    body: { schema: z.strictObject({}), required: false },
    answer: { status: 201, description: 'The code, for the fragment of the URL: `/ui/#code=…`.', schema: pageCodeSchema },
  },
  'POST /api/v1/ui/sessions': {
    id: 'createPageSession',
    summary: 'Exchanges a one-time code for the token of a session of the web page.',
    body: { schema: pageCodeSchema, required: true },
    answer: { status: 201, description: 'The token.', schema: pageSessionSchema },
  },
  'GET /api/v1/ui/sign-in': {
    id: 'getSignInWays',
    summary: 'Returns how a user of the web page may sign in, besides with a Kubernetes token.',
    answer: { status: 200, description: 'The ways.', schema: signInWaysSchema },
  },
  'POST /api/v1/ui/oidc/requests': {
    id: 'createOidcRequest',
    summary: 'Returns the URL of the OpenID Connect provider at which a user signs in; by TLS only.',
    body: { schema: oidcRequestSchema, required: true },
    answer: { status: 200, description: 'The URL.', schema: oidcRequestUrlSchema },
  },
  'POST /api/v1/ui/oidc/sessions': {
    id: 'createOidcSession',
    summary: 'Exchanges what the OpenID Connect provider answered for the token of a session of the web page.',
    body: { schema: oidcAnswerSchema, required: true },
    answer: { status: 201, description: 'The token.', schema: pageSessionSchema },
  },
  'GET /api/v1/ui/session': {
    id: 'getPageSession',
    summary: 'Returns what the web page may do.',
    answer: { status: 200, description: 'What it may do.', schema: pageRightsSchema },
  },
  'DELETE /api/v1/ui/session': {
    id: 'endPageSession',
    summary: 'Ends the session of the web page whose token is sent. A Kubernetes token stays valid.',
    answer: { status: 204, description: 'There is no such session any more.' },
  },
  'GET /api/v1/openapi.json': read('getOpenApi', 'Returns this document.', z.object({ openapi: z.string() })),
};
