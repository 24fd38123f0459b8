import * as z from 'zod';

const sandboxSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('container'),
    /** The user id of commands. */
    user: z.number(),
    /** The version of Landlock; 0 if the kernel has none. */
    landlock: z.number(),
    seccomp: z.boolean(),
    /** For all processes of a command together, in bytes. */
    memory: z.number(),
  }),
  z.object({ kind: z.literal('child-process'), lacks: z.array(z.string()) }),
  z.object({ kind: z.literal('none'), reason: z.string() }),
]);

/** `GET /api/v1/sources`: the repositories that the daemon syncs from. */
export const sourcesSchema = z.object({
  sources: z.array(
    z.object({
      /** Value of `?source=` for requests about this source alone. `default` for the one that flags describe. */
      name: z.string(),
      /** Without credentials. */
      url: z.string(),
      branch: z.string(),
      /** Empty: the whole repository. */
      paths: z.array(z.string()),
      /** State of the mirror, as in Flux v1: unconfigured, new, ready or unreachable, among others. */
      status: z.string(),
      /** Whether its last sync ran and its repository is reachable, and if not, why. */
      ready: z.boolean(),
      reason: z.string().optional(),
      /**
       * Where its Git host shows a commit, and a line of a file, to people: URLs with `{revision}`, `{path}` and `{line}`. Absent if the
       * host is not known.
       */
      webPages: z.object({ commit: z.string(), line: z.string() }).optional(),
      /** Revision of its last sync; absent before the first. */
      revision: z.string().optional(),
    }),
  ),
  /** What confines the commands of the repositories; absent without --manifest-generation. */
  sandbox: sandboxSchema.optional(),
  /** And commands that may use the network; absent without --generation-network. */
  networkSandbox: sandboxSchema.optional(),
});
export type SourcesWire = z.infer<typeof sourcesSchema>;
export type SourceWire = SourcesWire['sources'][number];
export type SandboxWire = NonNullable<SourcesWire['sandbox']>;
