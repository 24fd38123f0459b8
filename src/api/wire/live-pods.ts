import * as z from 'zod';

/** CPU in cores, memory in bytes. What is not named has no amount. */
const amountsSchema = z.object({ cpu: z.number().optional(), memory: z.number().optional() });
export type AmountsWire = z.infer<typeof amountsSchema>;

const containerSchema = z.object({
  name: z.string(),
  image: z.string(),
  /** init, sidecar or main. */
  type: z.string(),
  ready: z.boolean(),
  restarts: z.number(),
  /** running, waiting, terminated or unknown. */
  state: z.string(),
  /** Why it waits, or how it ended: CrashLoopBackOff, OOMKilled. */
  reason: z.string().optional(),
  /** What the kubelet says of a container that waits. */
  message: z.string().optional(),
  exitCode: z.number().optional(),
  /** How it ended before the last restart; then its log may still be there. */
  previous: z.object({ reason: z.string(), exitCode: z.number() }).optional(),
  requests: amountsSchema,
  limits: amountsSchema,
  /** Absent if metrics-server has not measured it. */
  usage: amountsSchema.optional(),
});
export type LiveContainerWire = z.infer<typeof containerSchema>;

const podSchema = z.object({
  name: z.string(),
  /** Pending, Running, Succeeded, Failed or Unknown. */
  phase: z.string(),
  /** Why the pod as a whole does not run: Evicted, Unschedulable. */
  reason: z.string().optional(),
  ready: z.boolean(),
  /** Whether it is being deleted. */
  ending: z.boolean(),
  node: z.string().optional(),
  createdAt: z.string().optional(),
  /** Init containers first. */
  containers: z.array(containerSchema),
});
export type LivePodWire = z.infer<typeof podSchema>;

/** `GET /api/v1/live/pods`: the pods of a workload of the repository. Times are RFC 3339 in UTC. */
export const livePodsSchema = z.object({
  id: z.string(),
  /** Newest first, at most 100. */
  pods: z.array(podSchema),
  /** Whether there are more. */
  isCut: z.boolean(),
  /** read, not-served (the cluster has no metrics-server), or unread. */
  usage: z.string(),
  /** Why usage could not be read. */
  noUsage: z.string().optional(),
});
export type LivePodsWire = z.infer<typeof livePodsSchema>;
