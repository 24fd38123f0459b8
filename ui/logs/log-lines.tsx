import { Component } from 'preact';
import { highlight } from './highlight.ts';
import type { KeptLine } from './log-buffer.ts';

interface Props {
  /** At least one. */
  readonly lines: readonly KeptLine[];
  readonly filter: string;
}

/** Lines that are drawn as one, and again only when they change. */
export class LogBlock extends Component<Props> {
  override shouldComponentUpdate({ lines, filter }: Props): boolean {
    const before = this.props;
    return filter !== before.filter || lines.length !== before.lines.length || lines[0] !== before.lines[0];
  }

  override render({ lines, filter }: Props) {
    return (
      <div class="log-block">
        {lines.map(({ number, time, text }) => (
          <div key={number} class="log-line">
            {time !== '' && <time class="log-time">{shortTime(time)} </time>}
            <span class="log-text">
              {filter === ''
                ? text
                : highlight(text, filter).map((part, index) =>
                    part.isMatch ? <mark key={`${index}`}>{part.text}</mark> : part.text,
                  )}
            </span>
          </div>
        ))}
      </div>
    );
  }
}

/** To the millisecond. */
function shortTime(time: string): string {
  return time.replace(/(\.\d{3})\d+/, '$1');
}

const PER_BLOCK = 100;

/** Lines in blocks whose limits stay where they are when lines come and go. */
export function blocksOf(lines: readonly KeptLine[]): readonly (readonly [key: number, lines: readonly KeptLine[]])[] {
  return [...Map.groupBy(lines, ({ number }) => Math.floor(number / PER_BLOCK))];
}
