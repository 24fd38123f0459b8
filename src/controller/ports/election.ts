import type { ElectionHandlers } from '../../base/index.ts';

/** Takes part in the election of the daemon that writes, until the signal aborts; resolves when it has given up what it held. */
export type TakePart = (handlers: ElectionHandlers, signal: AbortSignal) => Promise<void>;
