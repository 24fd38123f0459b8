import { policiesOf } from '../policy/index.ts';
import { holdOfWorkload } from './decide.ts';
import { describeHold } from './decision.ts';
import { type Candidate, rejection } from './select.ts';
import type { WorkloadResult } from './spec.ts';

/** Rejects workloads that are held. */
export function refuseHeld({ policies, running }: Candidate): WorkloadResult | undefined {
  const hold = holdOfWorkload(policies, policiesOf(running.annotations));
  return hold && rejection('skipped', describeHold(hold));
}
