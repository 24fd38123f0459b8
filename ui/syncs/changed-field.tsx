import type { ObjectDiffWire } from '../../src/api/wire/index.ts';
import { Side } from '../live/side.tsx';

type FieldWire = Extract<ObjectDiffWire, { state: 'compared' }>['fields'][number];

/** One field that differs: before the sync and after it, or of long texts the lines that differ. */
export function ChangedField({ field }: { readonly field: FieldWire }) {
  const { path, from, to, lines, isCut } = field;
  return (
    <li class="field">
      <p>
        <code>{path}</code> <span class="badge">{changeOf(field)}</span>
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
          <Side name="Before" value={from} isCut={isCut} />
          <Side name="After" value={to} isCut={isCut} />
        </dl>
      )}
    </li>
  );
}

function changeOf({ from, to, lines }: FieldWire): string {
  if (lines) return 'Changed';
  if (from === undefined) return 'Added';
  return to === undefined ? 'Removed' : 'Changed';
}
