import { useContext, useEffect, useRef } from 'preact/hooks';
import { Token } from '../api/use-live.ts';
import { type Act, isRehearsed, wordsOf } from './act.ts';
import { type Confirmed, carryOut } from './carry-out.ts';
import { CauseFields, useCause } from './cause-fields.tsx';
import { advance, type Considered, close, considered, leaveConsidered } from './considered.ts';
import type { Failure } from './outcome.ts';
import { OutcomeText } from './outcome-text.tsx';
import { type Plan, rehearse } from './plan.ts';
import { PlanTable } from './plan-table.tsx';
import { Rights } from './rights.ts';

/** Beside the views, since what led to a change may be gone once it is done. */
export function ChangeDialog() {
  const { user } = useContext(Rights);
  useEffect(() => leaveConsidered, []);
  const now = considered.value;
  // After another user has signed in, it is none of their business.
  if (!now || now.isHidden || now.user !== user) return null;
  return <Dialog considered={now} />;
}

function Dialog({ considered: { wish, step } }: { readonly considered: Considered }) {
  const { act, on, source } = wish;
  const dialog = useRef<HTMLDialogElement>(null);
  const token = useContext(Token);
  const cause = useCause();
  const { name, says, takesCause } = wordsOf(act);
  useEffect(() => {
    dialog.current?.showModal();
    if (!isRehearsed(act) || step.kind !== 'rehearsing') return;
    void rehearse(act, { token, source }).then((found) =>
      advance(wish, found.kind === 'planned' ? { kind: 'asking', plan: found.plan } : { kind: 'unplanned', failure: found }),
    );
  }, []);
  const confirm = async (plan: Plan | undefined) => {
    const confirmed = confirmedOf(act, plan, cause.value);
    if (!confirmed) return;
    advance(wish, { kind: 'running', ...(plan ? { plan } : {}) });
    advance(wish, { kind: 'over', outcome: await carryOut(confirmed, { token, source }) });
  };
  const plan = 'plan' in step ? step.plan : undefined;
  const isOffered = (step.kind === 'asking' || step.kind === 'running') && plan?.updates.length !== 0;
  return (
    <dialog class="change" ref={dialog} aria-label={name} onClose={() => close(wish)}>
      <h2>
        {name}
        {on !== undefined && <code>{on}</code>}
      </h2>
      <p>{says}</p>
      {plan && <PlanTable plan={plan} />}
      {takesCause && isOffered && <CauseFields cause={cause} isFixed={step.kind !== 'asking'} />}
      <div role="status">
        {step.kind === 'rehearsing' && <p>fluxd works out what that would change…</p>}
        {step.kind === 'unplanned' && <Unplanned failure={step.failure} />}
        {step.kind === 'running' && <p>fluxd is at it…</p>}
        {step.kind === 'over' && <OutcomeText outcome={step.outcome} source={source} />}
      </div>
      <p class="change-buttons">
        {isOffered && (
          <button type="button" class="primary" disabled={step.kind === 'running'} onClick={() => void confirm(plan)}>
            {name}
          </button>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          {step.kind === 'asking' && isOffered ? 'Cancel' : 'Close'}
        </button>
      </p>
    </dialog>
  );
}

/** Undefined for an act whose dry run is missing. */
function confirmedOf(act: Act, plan: Plan | undefined, cause: Confirmed['cause']): Confirmed | undefined {
  if (!isRehearsed(act)) return { act, cause };
  return plan && { act, plan, cause };
}

function Unplanned({ failure }: { readonly failure: Failure }) {
  if (failure.kind === 'failed') return <OutcomeText outcome={failure} source={undefined} />;
  return <p>The answer of fluxd was lost. Nothing was changed; close this and try again.</p>;
}
