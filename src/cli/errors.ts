import { FluxError, hasCode, messageOf } from '../base/index.ts';
import { printable } from './printable.ts';
import type { Paint } from './style.ts';

/** An invalid command line. */
export function usageError(message: string, help?: string): FluxError {
  return new FluxError(message, { code: 'cli/usage', fault: 'user', ...(help === undefined ? {} : { help }) });
}

/** The daemon, a Flux v1 or an older version, lacks the feature. */
export function notSupported(what: string): FluxError {
  return new FluxError(`this daemon cannot ${what}: it is a Flux v1, or older than this fluxctl`, {
    code: 'cli/not-supported',
    fault: 'user',
  });
}

/** Errors whose help is the whole message, as Flux v1 prints them. */
const DESCRIBED: readonly string[] = ['api/remote', 'api/unauthorized'];

/** The text for standard error: the daemon's help if it sent one, else the message and a pointer to --help. */
export function describeError(error: unknown, commandPath: string, paint: Paint): string {
  if (hasCode(error, ...DESCRIBED) && error.help) {
    return `${paint('red', '== Error ==')}\n\n${printable(error.help)}\n`;
  }
  return `${paint('red', 'Error:')} ${printable(messageOf(error))}\nRun '${commandPath} --help' for usage.\n${adviceOf(error)}`;
}

/** The next step, if known. Argument errors that Flux v1 words stay without one. */
function adviceOf(error: unknown): string {
  if (!(error instanceof FluxError) || !error.help || error.code.startsWith('resource/')) return '';
  return `\n${printable(error.help)}\n`;
}
