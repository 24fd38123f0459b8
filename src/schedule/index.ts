/**
 * When something may happen. A *schedule* is recurring times, each with a duration and a time zone, as people write them. A *gate* is open
 * in every one of its windows and in none of its freezes. Pure functions of the time.
 */
export type { Gate, GateState } from './gate.ts';
export { createGates, type Gates, type Times } from './gates.ts';
