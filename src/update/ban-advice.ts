import { formatBan } from '../policy/index.ts';
import { type Decision, describeDecision } from './decision.ts';

/** Why a ban keeps a person from an image, and the way out; undefined for a decision that is not about a ban. */
export function banAdvice(decision: Decision, container: string): string | undefined {
  const reason = describeDecision(decision);
  if (decision.state === 'unknown') return decision.why.kind === 'undigested' ? `${reason}; retry, or ${FORCE}` : undefined;
  if (decision.state !== 'held') return undefined;
  if (decision.by.kind === 'bad-bans') return `${reason}; correct fluxcd.io/ban.${container}, or ${FORCE}`;
  if (decision.by.kind !== 'banned') return undefined;
  return `${reason}; ${FORCE}, or lift the ban: fluxctl policy --unban=${container}=${formatBan(decision.by.ban)}`;
}

const FORCE = 'release it by name with --force';
