interface Props {
  readonly counts: Readonly<Record<string, number>>;
  /** The states that are known, the worst first; others follow. */
  readonly order: readonly string[];
  readonly none: string;
  /** What is counted, if that is not plain: `pod`. */
  readonly of?: string;
}

/** The states of objects, the worst first. */
export const OBJECT_STATES = ['failed', 'refused', 'held', 'waiting', 'synced', 'skipped'];

const WORDS: Readonly<Record<string, string>> = { inProgress: 'in progress', current: 'healthy', ok: 'in order' };

/** Numbers of objects by state. */
export function Counts({ counts, order, none, of }: Props) {
  const states = [...order, ...Object.keys(counts).filter((state) => !order.includes(state))];
  const shown = states.filter((state) => (counts[state] ?? 0) > 0);
  if (shown.length === 0) return <>{none}</>;
  return (
    <ul class="counts">
      {shown.map((state) => (
        <li key={state} class={`count count-${state}`}>
          <b>{counts[state]?.toLocaleString('en')}</b> {of === undefined ? '' : counts[state] === 1 ? `${of} ` : `${of}s `}
          {WORDS[state] ?? state}
        </li>
      ))}
    </ul>
  );
}
