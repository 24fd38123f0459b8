import { waiting } from '../../support/until.ts';

/** Waits for the cluster. Each look starts a process or asks over the network, so not as often as in tests within one process. */
export const until = waiting({ everyMs: 250, timeoutMs: 90_000, overErrors: true });
