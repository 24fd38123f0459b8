import { signal } from '@preact/signals';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { Token } from '../api/use-live.ts';
import { type Act, isRehearsed, wordsOf } from './act.ts';
import { type Confirmed, carryOut } from './carry-out.ts';
import { CauseFields, useCause } from './cause-fields.tsx';
import type { Failure, Outcome } from './outcome.ts';
import { OutcomeText } from './outcome-text.tsx';
import { type Plan, rehearse } from './plan.ts';
import { PlanTable } from './plan-table.tsx';

/** A change that a person considers. */
export interface Wish {
  readonly act: Act;
  /** What it is about, where that is not plain. */
  readonly on?: string | undefined;
  /** The name of the source, if there are several. */
  readonly source?: string | undefined;
}

/** The one that is considered now, or was carried out and is still shown. */
export const asked = signal<Wish | undefined>(undefined);

/** Beside the views, since what led to a change may be gone once it is done. */
export function ChangeDialog() {
  return asked.value && <Dialog wish={asked.value} />;
}

/** How far a change is. */
type Step =
  /** Of an act that is rehearsed, until its dry run is over. */
  | { readonly kind: 'rehearsing' }
  | { readonly kind: 'unplanned'; readonly failure: Failure }
  | { readonly kind: 'asking'; readonly plan?: Plan }
  | { readonly kind: 'running'; readonly plan?: Plan }
  | { readonly kind: 'over'; readonly outcome: Outcome };

function Dialog({ wish: { act, on, source } }: { readonly wish: Wish }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const token = useContext(Token);
  const cause = useCause();
  const [step, setStep] = useState<Step>({ kind: isRehearsed(act) ? 'rehearsing' : 'asking' });
  const { name, says, takesCause } = wordsOf(act);
  useEffect(() => {
    dialog.current?.showModal();
    if (!isRehearsed(act)) return;
    void rehearse(act, { token, source }).then((found) =>
      setStep(found.kind === 'planned' ? { kind: 'asking', plan: found.plan } : { kind: 'unplanned', failure: found }),
    );
  }, []);
  const confirm = async (plan: Plan | undefined) => {
    const confirmed = confirmedOf(act, plan, cause.value);
    if (!confirmed) return;
    setStep({ kind: 'running', ...(plan ? { plan } : {}) });
    setStep({ kind: 'over', outcome: await carryOut(confirmed, { token, source }) });
  };
  const plan = 'plan' in step ? step.plan : undefined;
  const isOffered = (step.kind === 'asking' || step.kind === 'running') && plan?.updates.length !== 0;
  return (
    <dialog
      class="change"
      ref={dialog}
      aria-label={name}
      onClose={() => {
        asked.value = undefined;
      }}
    >
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
