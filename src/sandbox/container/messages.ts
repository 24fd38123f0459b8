import { z } from 'zod';
import type { RunLimits } from '../limits.ts';
import { ProtocolViolation } from './frames.ts';

/** Changes with every change of what is below. */
export const PROTOCOL = 2;

/** The largest payloads, in bytes. */
const MAX_OUTPUT_CHUNK = 1024 ** 2;
const MAX_CONTENT = 64 * 1024 ** 2;

const index = z.int().min(0);
const path = z.string().min(1).max(4096);

const failure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exit'), status: z.int().min(1).max(255) }),
  z.strictObject({ kind: z.literal('signal'), signal: z.string().regex(/^SIG[A-Z0-9]{1,16}$/) }),
  z.strictObject({
    kind: z.literal('limit'),
    limit: z.enum(['time', 'output', 'memory', 'changes']),
    bound: z.string().regex(/^[\w .]{1,64}$/),
  }),
  z.strictObject({
    kind: z.literal('change'),
    path,
    what: z.enum(['link', 'hard-link', 'special-file', 'name', 'unreadable', 'submodule']),
  }),
]);

/** What the helper sends. */
const fromHelper = z.discriminatedUnion('type', [
  /** Once, at the beginning. */
  z.strictObject({
    type: z.literal('hello'),
    protocol: z.int(),
    layers: z.strictObject({
      user: z.int().min(1),
      landlock: z.int().min(0),
      seccomp: z.boolean(),
      memory: z.int().min(0),
      network: z.enum(['none', 'confined', 'open']),
    }),
  }),
  /** In answer to `run`: it does not have the files. */
  z.strictObject({ type: z.literal('need'), tree: z.string().max(128) }),
  z.strictObject({ type: z.literal('started'), command: index }),
  /** A piece of standard output. */
  z.strictObject({ type: z.literal('output'), command: index, size: z.int().min(1).max(MAX_OUTPUT_CHUNK) }),
  /** Nothing of the command is running any more. */
  z.strictObject({ type: z.literal('ended'), command: index }),
  z.strictObject({
    type: z.literal('written'),
    path,
    executable: z.boolean(),
    size: z.int().min(0).max(MAX_CONTENT),
  }),
  z.strictObject({ type: z.literal('deleted'), path }),
  /** The run succeeded, with all that was sent before; or a command failed. */
  z.strictObject({ type: z.literal('done') }),
  z.strictObject({ type: z.literal('command-failed'), command: index, failure, stderr: z.string().max(4096) }),
  /** The helper could not do its part. */
  z.strictObject({ type: z.literal('failed'), reason: z.enum(['layout', 'start', 'changes']) }),
]);

type Parsed = z.infer<typeof fromHelper>;
export type FromHelper = Parsed & { readonly size?: number };

/** What fluxd sends. `size` is added by the frame. */
export type ToHelper =
  /** With the commands as its payload, in JSON. */
  | {
      readonly type: 'run';
      readonly tree: string;
      readonly directory: string;
      readonly writable: boolean;
      readonly limits: RunLimits & { readonly newEntries: number };
    }
  /** In answer to `need`; `files` files follow. */
  | { readonly type: 'tree'; readonly id: string; readonly files: number }
  /** With the content of the file, or the target of the link. Folders are those of the paths. */
  | { readonly type: 'file'; readonly path: string; readonly mode: '100644' | '100755' | '120000' | '160000' };

/** @throws ProtocolViolation */
export function parseFromHelper(header: unknown): FromHelper {
  const { success, data, error } = fromHelper.safeParse(header);
  if (!success) throw new ProtocolViolation('a header is not of the protocol', { cause: error });
  return data;
}
