import { waiting } from '../../support/until.ts';

/** Waits for the world outside of this process; rarely enough to leave the processor to the processes that are waited for. */
export const until = waiting({ everyMs: 20, timeoutMs: 120_000 });
