import type { ObjectDiffWire } from '../../src/api/wire/index.ts';
import { Value } from '../live/value.tsx';

type FieldWire = Extract<ObjectDiffWire, { state: 'compared' }>['fields'][number];

/** One field that differs: before the sync and after it, or of long texts the lines that differ. */
export function ChangedField({ field: { path, from, to, lines, isCut } }: { readonly field: FieldWire }) {
  return (
    <li class="field">
      <p>
        <code>{path}</code> <span class="badge">{from === undefined && !lines ? 'Added' : nameOf(to, lines)}</span>
      </p>
      {lines ? (
        <div class="changed-lines">
          {Array.from(lines.entries(), ([at, { sign, text }]) => {
            const Line = sign === '+' ? 'ins' : sign === '-' ? 'del' : 'span';
            return (
              <Line key={at}>
                {sign} {text}
              </Line>
            );
          })}
          {isCut === true && <span>…</span>}
        </div>
      ) : (
        <dl class="sides">
          <div>
            <dt>Before</dt>
            <dd>
              <Value value={from} isCut={isCut} />
            </dd>
          </div>
          <div>
            <dt>After</dt>
            <dd>
              <Value value={to} isCut={isCut} />
            </dd>
          </div>
        </dl>
      )}
    </li>
  );
}

function nameOf(to: FieldWire['to'], lines: FieldWire['lines']): string {
  return to === undefined && !lines ? 'Removed' : 'Changed';
}
