import { openSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { FluxError } from '../base/index.ts';

/** Keys as they are pressed, as a terminal sends them: a character, or an escape sequence. */
export interface Keyboard {
  readonly keys: AsyncIterable<string>;
  /** Gives the terminal back. */
  close(): void;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: what keys without a character send begins with one
const KEY = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|[\s\S]/gu;

/**
 * The keyboard of the terminal that this process runs in, whatever its standard input is.
 * @throws FluxError `cli/no-terminal` where there is none.
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

/** Takes the terminal over once somebody waits for a key: before that Ctrl-C ends the program, as ever. */
async function* keysOf(stream: ReadStream): AsyncGenerator<string> {
  stream.setRawMode(true);
  for await (const chunk of stream as AsyncIterable<Buffer>) yield* chunk.toString('utf8').match(KEY) ?? [];
}
