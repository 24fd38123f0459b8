import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file that takes the output; else it is returned. */
  readonly into?: string;
}

/** Runs a command and returns what it printed. @throws Error with its error output */
export async function run(command: string, args: readonly string[], { into, ...options }: CommandOptions = {}): Promise<string> {
  if (into === undefined) {
    const chunks: Buffer[] = [];
    for await (const chunk of stream(command, args, options)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }
  const file = await open(into, 'w');
  try {
    for await (const chunk of stream(command, args, options)) await file.write(chunk);
  } finally {
    await file.close();
  }
  return '';
}

/** The output of a command, as it comes. @throws Error with its error output, at the end */
export async function* stream(
  command: string,
  args: readonly string[],
  { cwd, env }: Omit<CommandOptions, 'into'> = {},
): AsyncGenerator<Buffer> {
  const child = spawn(command, args, { cwd, env: { ...process.env, LC_ALL: 'C', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  ended.catch(() => {}); // seen below, once the output is read
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  yield* child.stdout;
  const code = await ended.catch((error: Error) => {
    throw new Error(`${command} cannot be run: ${error.message}`, { cause: error });
  });
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${complaint.trim()}`);
}
