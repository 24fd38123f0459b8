import { signal } from '@preact/signals';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { Token } from '../api/use-live.ts';
import { type Act, wordsOf } from './act.ts';
import { carryOut, type Outcome } from './carry-out.ts';
import { CauseFields, useCause } from './cause-fields.tsx';
import { OutcomeText } from './outcome-text.tsx';

/** A change that a person considers. */
export interface Wish {
  readonly act: Act;
  /** What it is about, where that is not plain. */
  readonly on?: string;
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
type Step = { readonly kind: 'asking' } | { readonly kind: 'running' } | Outcome;

function Dialog({ wish: { act, on, source } }: { readonly wish: Wish }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const token = useContext(Token);
  const cause = useCause();
  const [step, setStep] = useState<Step>({ kind: 'asking' });
  const { name, says, takesCause } = wordsOf(act);
  useEffect(() => dialog.current?.showModal(), []);
  const confirm = async () => {
    setStep({ kind: 'running' });
    setStep(await carryOut({ act, cause: cause.value, token, source }));
  };
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
      {takesCause && <CauseFields cause={cause} isFixed={step.kind !== 'asking'} />}
      <div role="status">
        {step.kind === 'running' && <p>fluxd is at it…</p>}
        {step.kind !== 'asking' && step.kind !== 'running' && <OutcomeText outcome={step} source={source} />}
      </div>
      <p class="change-buttons">
        {(step.kind === 'asking' || step.kind === 'running') && (
          <button type="button" class="primary" disabled={step.kind === 'running'} onClick={() => void confirm()}>
            {name}
          </button>
        )}
        <button type="button" onClick={() => dialog.current?.close()}>
          {step.kind === 'asking' ? 'Cancel' : 'Close'}
        </button>
      </p>
    </dialog>
  );
}
