import { type Finding, fail, ok, warn } from './finding.ts';

/** Tokens and certificates have a start of validity; HTTP dates have a resolution of one second. */
const WARN_MS = 10_000;
const FAIL_MS = 5 * 60_000;

/** The difference between another clock and ours. */
export function clockFinding(whose: string, theirs: number, ours: number): Finding {
  const off = theirs - ours;
  const seconds = `${Math.round(Math.abs(off) / 1000)} s ${off > 0 ? 'ahead of' : 'behind'} this machine`;
  const help = 'Tokens, certificates and image times depend on these clocks: synchronise them with NTP.';
  if (Math.abs(off) >= FAIL_MS) return fail('clock', `the clock of ${whose} is ${seconds}`, help);
  if (Math.abs(off) >= WARN_MS) return warn('clock', `the clock of ${whose} is ${seconds}`, help);
  return ok('clock', `the clocks of ${whose} and this machine agree`);
}
