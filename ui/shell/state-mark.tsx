/** States by shape as well as by colour. */
const SHAPES: Readonly<Record<string, string>> = {
  failed: 'M4 4l8 8M12 4l-8 8',
  held: 'M5.5 4v8M10.5 4v8',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.8-1.1 1.6M8 12.4v.1',
  waiting: 'M8 4v4l2.5 2',
  ok: 'M3.5 8.5l3 3 6-7',
  skipped: 'M4.5 8h7',
};

const WORDS: Readonly<Record<string, string>> = {
  failed: 'Failed',
  held: 'Held',
  unknown: 'Unknown',
  waiting: 'Waiting',
  ok: 'In order',
  skipped: 'Skipped',
};

interface Props {
  readonly state: string;
  /** What it is called here; by default as the state is. */
  readonly name?: string;
}

export function StateMark({ state, name = WORDS[state] ?? state }: Props) {
  return (
    <svg class={`mark mark-${state in SHAPES ? state : 'unknown'}`} viewBox="0 0 16 16" role="img">
      <title>{name}</title>
      <circle cx="8" cy="8" r="8" class="mark-ground" />
      <path d={SHAPES[state] ?? SHAPES.unknown} class="mark-shape" />
    </svg>
  );
}
