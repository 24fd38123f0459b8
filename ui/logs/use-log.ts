import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import { hasEnded } from '../api/answer.ts';
import { openEvents } from '../api/request.ts';
import { Token } from '../api/use-live.ts';
import { leave } from '../door/session.ts';
import { LogBuffer } from './log-buffer.ts';
import { type LogPlace, type LogState, readLog } from './read-log.ts';
import { Resume } from './resume.ts';

/** Lines that are taken in one frame, so that the page answers a person meanwhile. */
const PER_FRAME = 200;
const TAIL_LINES = 1_000;

interface Log {
  readonly buffer: LogBuffer;
  readonly resume: Resume;
}

const newLog = (): Log => ({ buffer: new LogBuffer(), resume: new Resume() });

export interface UsedLog {
  readonly buffer: LogBuffer;
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
  const [, draw] = useState(0);
  const { id, source, pod, container, previous } = place;
  useEffect(() => {
    log.current = newLog();
    setGap(false);
  }, [id, source, pod, container, previous]);
  useEffect(() => {
    const stop = new AbortController();
    const { buffer, resume } = log.current;
    setState({ kind: 'opening' });
    void readLog({
      place: { id, source, pod, container, previous },
      open: (path, signal) => openEvents(path, token, signal),
      follow,
      tailLines: TAIL_LINES,
      resume,
      signal: stop.signal,
      async onLines(lines) {
        for (let at = 0; at < lines.length; at += PER_FRAME) {
          buffer.add(lines.slice(at, at + PER_FRAME));
          draw(buffer.added);
          await nextFrame();
        }
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
  return { buffer: log.current.buffer, state, hasGap };
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
