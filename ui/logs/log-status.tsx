import { sentence } from '../text/sentence.ts';
import type { LogState } from './read-log.ts';

interface Props {
  readonly state: LogState;
  /** Whether a person reads above the end. */
  readonly isPaused: boolean;
}

/** Whether what is shown is what the container writes now. */
export function LogStatus({ state, isPaused }: Props) {
  return (
    <p class={state.kind === 'lost' || state.kind === 'refused' ? 'log-status failure' : 'log-status hint'} role="status">
      {textOf(state, isPaused)}
    </p>
  );
}

function textOf(state: LogState, isPaused: boolean): string {
  switch (state.kind) {
    case 'opening':
      return 'Reading…';
    case 'live':
      return isPaused ? 'Live, and paused while you read above the end.' : 'Live.';
    case 'ended':
      return state.again
        ? 'The container ended. The page looks for the next one every few seconds.'
        : 'This is the end of the log.';
    case 'limit':
      return 'The log is longer than what is read at once.';
    case 'lost': {
      const again = 'Not live: the page tries again every few seconds.';
      return state.problem ? `${sentence(state.problem.detail)} ${again}` : `The connection is lost. ${again}`;
    }
    case 'refused':
      return [sentence(state.problem.detail), state.problem.help].filter(Boolean).join(' ');
  }
}
