import { styleText } from 'node:util';

/** Prints the demo: numbered steps, the commands as a user would type them, and their output. */
export interface Terminal {
  heading(text: string): void;
  text(text: string): void;
  command(text: string): void;
  output(text: string): void;
  verified(text: string): void;
}

export function createTerminal(write: (text: string) => void): Terminal {
  let steps = 0;
  return {
    heading(text) {
      steps += 1;
      write(`\n${styleText('bold', `${steps}. ${text}`)}\n`);
    },
    text: (text) => write(`${text}\n`),
    command: (text) => write(`\n${styleText('cyan', `   $ ${text}`)}\n`),
    output: (text) =>
      write(
        `${text
          .trimEnd()
          .split('\n')
          .map((line) => `   ${line}`)
          .join('\n')}\n`,
      ),
    verified: (text) => write(`   ${styleText('green', '✓')} ${text}\n`),
  };
}
