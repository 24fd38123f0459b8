import type { LiveField } from './summary.ts';

/** More of a value is shown on demand. */
const SHORT = 240;

export interface ValueProps {
  readonly value: LiveField['live'];
  /** fluxd sent only the beginning. */
  readonly isCut: boolean | undefined;
}

/** A value as in YAML, so that text and number differ. */
export function Value({ value, isCut }: ValueProps) {
  if (value === undefined) return <span class="hint">not set</span>;
  const text = textOf(value);
  const end = isCut === true ? ' …' : '';
  if (text.length <= SHORT) return <code class="value">{text + end}</code>;
  return (
    <details>
      <summary>
        <code class="value">{text.slice(0, SHORT)}…</code>
      </summary>
      <code class="value">{text + end}</code>
    </details>
  );
}

/** Text that YAML would read as another type stands in quotes. */
function textOf(value: Exclude<LiveField['live'], undefined>): string {
  const isPlain = typeof value === 'string' && !/^(?:|[\d.+-].*|true|false|null|yes|no|on|off|~)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
