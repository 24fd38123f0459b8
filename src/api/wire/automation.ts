import * as z from 'zod';

/** `GET /api/v1/automation`: the automation of each source. Times are RFC 3339 in UTC. */
export const automationSchema = z.object({
  sources: z.array(
    z.object({
      name: z.string(),
      /** Set while a person has suspended it. User and message may be empty. */
      suspension: z.object({ user: z.string(), message: z.string(), since: z.string() }).optional(),
      /**
       * Where is kept what must outlast a restart: in the cluster, or only in the process. `unread` is not known yet. The reason says why
       * it is not in the cluster.
       */
      memory: z.object({ in: z.enum(['cluster', 'process', 'unread']), reason: z.string().optional() }),
    }),
  ),
});
export type AutomationWire = z.infer<typeof automationSchema>;

/** The body of `POST /api/v1/automation/suspend` and `/resume`: who asks, and why. */
export const whoAndWhySchema = z.strictObject({
  user: z.string().max(256).default(''),
  message: z.string().max(1000).default(''),
});
