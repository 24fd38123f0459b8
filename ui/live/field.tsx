import { StateMark } from '../shell/state-mark.tsx';
import { Time } from '../text/time.tsx';
import { Side } from './side.tsx';
import type { LiveField } from './summary.ts';

/** What a state is called, and the mark that it has. */
const STATES: Readonly<Record<string, readonly [mark: string, name: string]>> = {
  same: ['ok', 'As in Git'],
  differs: ['held', 'Differs'],
  missing: ['failed', 'Missing'],
  added: ['waiting', 'Not in Git'],
  default: ['skipped', 'Default'],
  hidden: ['skipped', 'Hidden'],
};

/** One field: in Git, in the cluster, and who set it there. */
export function Field({ field: { path, state, desired, live, isCut, owners } }: { readonly field: LiveField }) {
  const [mark, name] = STATES[state] ?? ['unknown', state];
  return (
    <li class="field">
      <p class="field-head">
        <StateMark state={mark} name={name} />
        <span>
          <code>{path}</code>{' '}
          <span class="badge" aria-hidden="true">
            {name}
          </span>
        </span>
      </p>
      <dl class="sides">
        <Side name="Git" value={desired} isCut={isCut} />
        <Side name="Cluster" value={live} isCut={isCut} />
        <div>
          <dt>Set by</dt>
          <dd>
            {owners.length === 0 && <span class="hint">{live === undefined ? 'no one' : 'the API server'}</span>}
            {owners.map(({ manager, operation, subresource, at }) => (
              <p key={`${manager} ${operation} ${subresource} ${at}`}>
                {manager}
                <span class="hint">
                  {subresource !== undefined && ` (${subresource})`} {at !== undefined && <Time at={at} />}
                </span>
              </p>
            ))}
          </dd>
        </div>
      </dl>
    </li>
  );
}
