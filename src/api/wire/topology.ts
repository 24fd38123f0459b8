import * as z from 'zod';
import { placeSchema } from './sync.ts';

/** How an object or a pod is, the worst first. */
export const STATUSES = ['failed', 'held', 'unknown', 'waiting', 'ok', 'skipped'] as const;

/** One of STATUSES; a newer daemon may know more. */
const statusSchema = z.string();
/** Number of objects, or of pods, by status. */
const countsSchema = z.record(z.string(), z.number());

/** `parent` is the key of the node that it is a part of, or that owns it. */
const common = { key: z.string(), parent: z.string().optional() };

const nodeSchema = z.discriminatedUnion('type', [
  z.object({ ...common, type: z.literal('source'), name: z.string(), counts: countsSchema }),
  /** A folder with what is below it, or a unit; `.` is the root of the repository, and what is not in it has no name. */
  z.object({ ...common, type: z.literal('folder'), source: z.string(), name: z.string(), counts: countsSchema }),
  /** Several objects of one kind in a folder. */
  z.object({
    ...common,
    type: z.literal('kind'),
    source: z.string(),
    folder: z.string(),
    kind: z.string(),
    counts: countsSchema,
  }),
  z.object({
    ...common,
    type: z.literal('object'),
    source: z.string(),
    /** Absent for a document without a readable id. */
    id: z.string().optional(),
    place: placeSchema.partial().optional(),
    /** As in `GET /api/v1/objects`. */
    state: z.string(),
    status: statusSchema,
    /** Why it is not in order. */
    reason: z.string().optional(),
    /** Its pods, where they were read. */
    pods: countsSchema.optional(),
  }),
  /** Used by an object of the repository, and not in it. */
  z.object({ ...common, type: z.literal('outside'), id: z.string() }),
  /** A ReplicaSet, Job or Pod. */
  z.object({
    ...common,
    type: z.literal('owned'),
    kind: z.string(),
    namespace: z.string(),
    name: z.string(),
    status: statusSchema,
    /** `2 of 3 ready`, `CrashLoopBackOff`. */
    text: z.string(),
    /** Of a pod. */
    containers: z.array(z.object({ name: z.string(), image: z.string(), status: statusSchema, text: z.string() })).optional(),
  }),
]);

/** `GET /api/v1/topology`: what runs, from the repositories to the pods. */
export const topologySchema = z.object({
  /** What is drawn in the end: pods, objects, kinds or folders. */
  detail: z.string(),
  /** At most 300. */
  nodes: z.array(nodeSchema),
  /** Between nodes, by their keys: one uses, routes requests to, or scales the other. */
  links: z.array(z.object({ from: z.string(), to: z.string(), type: z.string() })),
  /** Number of objects that the filter lets through. */
  objects: z.number(),
  /** Number of nodes that are left out. */
  omitted: z.number(),
  /** What could not be read, or not all of it: `pods in shop`. */
  unread: z.array(z.object({ what: z.string(), reason: z.string() })),
  /** The namespaces and kinds of all objects, for filters. */
  namespaces: z.array(z.string()),
  kinds: z.array(z.string()),
});
export type TopologyWire = z.infer<typeof topologySchema>;
export type TopologyNodeWire = TopologyWire['nodes'][number];
