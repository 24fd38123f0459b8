import { signal } from '@preact/signals';
import { useContext, useState } from 'preact/hooks';
import { keptIn } from '../shell/kept.ts';
import type { Cause } from './act.ts';
import { Rights } from './rights.ts';

const kept = keptIn(() => localStorage, 'flux-user');
/** The name that a person gives, where fluxd knows none. */
const given = signal(kept.get() ?? '');

interface CauseState {
  readonly value: Cause;
  setMessage(message: string): void;
}

/** Who asks, and why. Over loopback anyone may claim to be anyone, so that the name is marked. */
export function useCause(): CauseState {
  const { user } = useContext(Rights);
  const [message, setMessage] = useState('');
  const name = given.value.trim();
  const by = user ?? (name === '' ? '' : `${name} (unverified)`);
  return { value: { user: by, isKnown: user !== undefined, message: message.trim() }, setMessage };
}

/** Limits of the API. */
const [NAME_LENGTH, MESSAGE_LENGTH] = [200, 1_000];

export function CauseFields({ cause, isFixed }: { readonly cause: CauseState; readonly isFixed: boolean }) {
  const { user } = useContext(Rights);
  return (
    <fieldset class="cause" disabled={isFixed}>
      <legend class="unseen">Who and why</legend>
      {user !== undefined ? (
        <p>
          As <strong>{user}</strong>.
        </p>
      ) : (
        <label>
          <span>Your name, which is marked as unverified</span>
          <input
            value={given.value}
            maxLength={NAME_LENGTH}
            onInput={({ currentTarget: { value } }) => {
              given.value = value;
              kept.set(value);
            }}
          />
        </label>
      )}
      <label>
        <span>Why</span>
        <input maxLength={MESSAGE_LENGTH} onInput={({ currentTarget: { value } }) => cause.setMessage(value)} />
      </label>
    </fieldset>
  );
}
