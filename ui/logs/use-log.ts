import { useContext, useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { hasEnded } from '../api/answer.ts';
import { openEvents } from '../api/request.ts';
import { Token } from '../api/use-live.ts';
import { leave } from '../door/session.ts';
import { DrawnLines } from './drawn-lines.ts';
import { LogBuffer } from './log-buffer.ts';
import { type LogPlace, type LogState, readLog } from './read-log.ts';
import { Resume } from './resume.ts';

const TAIL_LINES = 1_000;

interface Log {
  readonly buffer: LogBuffer;
  readonly resume: Resume;
  readonly drawn: DrawnLines;
}

const newLog = (): Log => ({ buffer: new LogBuffer(), resume: new Resume(), drawn: new DrawnLines() });

export interface UsedLog {
  readonly buffer: LogBuffer;
  /** How many of the last lines are drawn. */
  readonly drawn: number;
  readonly state: LogState;
  /** Whether lines were left out. */
  readonly hasGap: boolean;
}

/** The log of a container, as long as the component is shown. */
export function useLog(place: LogPlace, follow: boolean): UsedLog {
  const token = useContext(Token);
  const log = useRef<Log>(newLog());
  const [state, setState] = useState<LogState>({ kind: 'opening' });
  const [hasGap, setGap] = useState(false);
  const [, draw] = useReducer<number, void>((frames) => frames + 1, 0);
  const { id, source, pod, container, previous } = place;
  useEffect(() => {
    log.current = newLog();
    setGap(false);
  }, [id, source, pod, container, previous]);
  useEffect(() => {
    const stop = new AbortController();
    const { buffer, resume, drawn } = log.current;
    let isSettling = false;
    const settle = async () => {
      if (isSettling) return;
      isSettling = true;
      while (!drawn.isWhole && !stop.signal.aborted) {
        await nextFrame();
        if (drawn.grow(performance.now())) draw();
      }
      isSettling = false;
    };
    setState({ kind: 'opening' });
    void readLog({
      place: { id, source, pod, container, previous },
      open: (path, signal) => openEvents(path, token, signal),
      follow,
      tailLines: TAIL_LINES,
      resume,
      signal: stop.signal,
      async onLines(lines) {
        buffer.add(lines);
        if (drawn.came(lines.length, performance.now())) draw();
        void settle();
        await nextFrame();
      },
      onGap: () => setGap(true),
      onState(next) {
        if (next.kind === 'refused' && hasEnded(next.problem))
          leave({ ...next.problem, type: 'about:blank', title: '', status: 403 });
        else setState(next);
      },
    });
    return () => stop.abort();
  }, [id, source, pod, container, previous, follow, token]);
  return { buffer: log.current.buffer, drawn: log.current.drawn.count, state, hasGap };
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
