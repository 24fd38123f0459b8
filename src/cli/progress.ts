import type { Clock } from '../base/index.ts';
import { type Output, widthOf } from './output.ts';
import { printableLine } from './printable.ts';

/** A progress line at the bottom of a terminal. Without a terminal there is none: the commands' own output is enough. */
export interface Progress {
  /** Settles as `work` does; calls `describe` for each redraw. */
  during<T>(work: Promise<T>, describe: () => string): Promise<T>;
}

interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Whether standard error is a terminal that can erase a line. */
  readonly animated: boolean;
}

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const FRAME_MS = 100;
/** After this time the line shows the elapsed seconds. */
const LONG_MS = 3000;
const ERASE = '\r\u001b[K';

/** Wraps both outputs of a command: written text replaces the progress line, which is then redrawn below it. */
export function createProgress({ stdout, stderr, clock, animated }: Terminal): {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly progress: Progress;
} {
  if (!animated) return { stdout, stderr, progress: { during: (work) => work } };
  let drawn = false;
  let atLineStart = true;

  function erase(): void {
    if (drawn) stderr.write(ERASE);
    drawn = false;
  }

  function over(output: Output): Output {
    return {
      isTTY: output.isTTY === true,
      get columns() {
        return output.columns;
      },
      write(text) {
        erase();
        atLineStart = text.endsWith('\n');
        return output.write(text);
      },
    };
  }

  async function draw(describe: () => string, signal: AbortSignal): Promise<void> {
    const since = clock.monotonic();
    for (let frame = 0; ; frame += 1) {
      // Work that ends quickly shows no line.
      await clock.sleep(FRAME_MS, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (!atLineStart) continue;
      const took = clock.monotonic() - since;
      const line = `${FRAMES[frame % FRAMES.length]} ${printableLine(describe())}${took < LONG_MS ? '' : ` (${Math.floor(took / 1000)}s)`}`;
      stderr.write(`${ERASE}${[...line].slice(0, (widthOf(stderr) ?? 80) - 1).join('')}`);
      drawn = true;
    }
  }

  return {
    stdout: over(stdout),
    stderr: over(stderr),
    progress: {
      async during(work, describe) {
        const ended = new AbortController();
        const drawing = draw(describe, ended.signal);
        try {
          return await work;
        } finally {
          ended.abort();
          await drawing;
          erase();
        }
      },
    },
  };
}

const BAR = 20;

/** `[########------------] 8/20`. */
export function bar(done: number, all: number): string {
  const full = all === 0 ? BAR : Math.floor((BAR * done) / all);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR - full)}] ${done}/${all}`;
}
