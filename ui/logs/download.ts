import { openEvents } from '../api/request.ts';
import { type LogPlace, type LogState, readLog } from './read-log.ts';
import { Resume } from './resume.ts';

/** As many lines as fluxd gives at once. */
const MAX_LINES = 50_000;

/** Reads the last lines of a log, and saves them as a file. Resolves to what came of it. */
export async function downloadLog(place: LogPlace, token: string, signal: AbortSignal): Promise<string> {
  const lines: string[] = [];
  let state: LogState = { kind: 'opening' };
  await readLog({
    place,
    open: (path, within) => openEvents(path, token, within),
    follow: false,
    tailLines: MAX_LINES,
    resume: new Resume(),
    signal,
    onLines: async (more) => void lines.push(...more),
    onGap: () => undefined,
    onState: (next) => {
      state = next;
    },
  });
  if (signal.aborted) return '';
  return saved(place, lines, state);
}

function saved(place: LogPlace, lines: readonly string[], state: LogState): string {
  if (state.kind === 'refused') return `The log was not saved: ${state.problem.detail}.`;
  save(fileName(place), lines.map((line) => `${line}\n`).join(''));
  const count = lines.length.toLocaleString('en');
  if (state.kind === 'limit') return `Saved ${count} lines. The rest is more than is read at once: use kubectl logs.`;
  return lines.length === MAX_LINES ? `Saved the last ${count} lines.` : `Saved the whole log, ${count} lines.`;
}

function fileName({ pod, container, previous }: LogPlace): string {
  return `${pod}-${container}${previous ? '-previous' : ''}.log`;
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url));
}
