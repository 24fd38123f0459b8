import type { Clock } from '../base/index.ts';
import { type Output, widthOf } from './output.ts';
import { printableLine } from './printable.ts';

/** Tells what is waited for while it is, on the last line of a terminal; elsewhere the lines that commands write say enough. */
export interface Progress {
  /** Resolves as `work` does; `tell` is asked again and again for what is waited for now. */
  during<T>(work: Promise<T>, tell: () => string): Promise<T>;
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
/** From then on it is said how long it takes. */
const LONG_MS = 3000;
const ERASE = '\r\u001b[K';

/** The two outputs of a command and the line between them: whatever is written takes the place of the line, which comes back below. */
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

  async function draw(tell: () => string, signal: AbortSignal): Promise<void> {
    const since = clock.monotonic();
    for (let frame = 0; ; frame += 1) {
      // What is there at once is not announced.
      await clock.sleep(FRAME_MS, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      if (!atLineStart) continue;
      const took = clock.monotonic() - since;
      const line = `${FRAMES[frame % FRAMES.length]} ${printableLine(tell())}${took < LONG_MS ? '' : ` (${Math.floor(took / 1000)}s)`}`;
      stderr.write(`${ERASE}${[...line].slice(0, (widthOf(stderr) ?? 80) - 1).join('')}`);
      drawn = true;
    }
  }

  return {
    stdout: over(stdout),
    stderr: over(stderr),
    progress: {
      async during(work, tell) {
        const ended = new AbortController();
        const drawing = draw(tell, ended.signal);
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
