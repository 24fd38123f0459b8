import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';

export interface Ran {
  readonly code: number;
  /** The output of both streams, interleaved as on a terminal. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** A temporary file for the output: two pipes would lose the order between the streams. */
  readonly outputFile: string;
}

/** Runs a program to its end and captures its output. */
export async function run(program: string, args: readonly string[], { cwd, outputFile }: RunOptions): Promise<Ran> {
  const file = await open(outputFile, 'w');
  try {
    const code = await new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, { ...(cwd === undefined ? {} : { cwd }), stdio: ['ignore', file.fd, file.fd] });
      child.once('error', reject);
      child.once('close', (status) => resolve(status ?? 1));
    });
    return { code, output: await readFile(outputFile, 'utf8') };
  } finally {
    await file.close();
  }
}

/** The same for a program that must succeed; resolves to the output. */
export async function mustRun(program: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { code, output } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${code}:\n${output}`);
  return output;
}
