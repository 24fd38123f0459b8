import { FluxError } from '../../base/index.ts';
import type { LiveReads } from '../../controller/index.ts';
import { visibleError } from '../status.ts';
import type { LogEndWire, LogLinesWire } from '../wire/index.ts';

type Pieces = Awaited<ReturnType<LiveReads['logs']>>;

interface Options {
  readonly signal: AbortSignal;
  /** Called when no more events come. */
  readonly leave: () => void;
}

/** A log as server-sent events, each made when the one before was sent. What fails on the way is the last event. */
export async function* eventsOfLog(pieces: Pieces, { signal, leave }: Options): AsyncGenerator<string> {
  try {
    for await (const piece of pieces) {
      if (piece.type === 'lines') yield event('lines', { lines: [...piece.lines] } satisfies LogLinesWire);
      else yield event('end', { reason: piece.reason } satisfies LogEndWire);
    }
  } catch (error) {
    if (signal.aborted) return;
    // Anything else is a bug of ours, for the log of the daemon.
    if (!(error instanceof FluxError)) throw error;
    const { message: detail, code, help } = visibleError(error);
    const problem = { detail, code, ...(help === undefined ? {} : { help }) };
    yield event('end', { reason: 'failed', problem } satisfies LogEndWire);
  } finally {
    leave();
  }
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
}
