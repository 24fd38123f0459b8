import { openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { FluxError } from '../base/index.ts';

/** Key presses as the terminal sends them: a character, or an escape sequence. */
export interface Keyboard {
  readonly keys: AsyncIterable<string>;
  /** Restores the terminal. */
  close(): void;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
const KEY = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu;

/**
 * The keyboard of the controlling terminal, even when standard input is redirected.
 * @throws FluxError `cli/no-terminal` when there is no terminal.
 */
export function openKeyboard(): Keyboard {
  let stream: ReadStream;
  try {
    stream = new ReadStream(openSync('/dev/tty', 'r'));
  } catch (cause) {
    throw new FluxError('--interactive needs a terminal, and there is none', { code: 'cli/no-terminal', fault: 'user', cause });
  }
  return {
    keys: keysOf(stream),
    close() {
      stream.setRawMode(false);
      stream.destroy();
    },
  };
}

/** Switches the terminal to raw mode at the first read: until then Ctrl-C ends the program as usual. */
async function* keysOf(stream: ReadStream): AsyncGenerator<string> {
  stream.setRawMode(true);
  for await (const chunk of stream as AsyncIterable<Buffer>) yield* chunk.toString('utf8').match(KEY) ?? [];
}
