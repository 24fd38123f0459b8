import { policiesOf } from '../policy/index.ts';
import type { Timing } from './context.ts';
import { holdOfWorkload, suspensionOf } from './decide.ts';
import { describeHold } from './decision.ts';
import { type Candidate, type Filter, rejection } from './select.ts';
import type { WorkloadResult } from './spec.ts';

/** Rejects workloads whose automation is suspended. */
export function refuseSuspended(timing: Timing | undefined): Filter {
  return ({ policies }) => {
    const suspended = suspensionOf({ inGit: policies, timing });
    return suspended && rejection('skipped', describeHold(suspended));
  };
}

/** Rejects workloads that are held. */
export function refuseHeld({ policies, running }: Candidate): WorkloadResult | undefined {
  const hold = holdOfWorkload(policies, policiesOf(running.annotations));
  return hold && rejection('skipped', describeHold(hold));
}
