import { type Finding, fail, ok, warn } from './finding.ts';

/** Tokens and certificates are valid from a moment on; and a HTTP date is to the second. */
const WARN_MS = 10_000;
const FAIL_MS = 5 * 60_000;

/** How far a clock is from ours. */
export function clockFinding(whose: string, theirs: number, ours: number): Finding {
  const off = theirs - ours;
  const seconds = `${Math.round(Math.abs(off) / 1000)} s ${off > 0 ? 'ahead of' : 'behind'} this machine`;
  const help = 'Tokens, certificates and times of images are judged by these clocks: set them by NTP.';
  if (Math.abs(off) >= FAIL_MS) return fail('clock', `the clock of ${whose} is ${seconds}`, help);
  if (Math.abs(off) >= WARN_MS) return warn('clock', `the clock of ${whose} is ${seconds}`, help);
  return ok('clock', `${whose} and this machine agree`);
}
