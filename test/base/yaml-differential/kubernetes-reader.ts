import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';

/** What Kubernetes makes of one document: its JSON, or why it refuses it. */
export type Answer = z.infer<typeof answerSchema>;

const answerSchema = z.union([z.strictObject({ json: z.string() }), z.strictObject({ error: z.string() })]);
export const answersSchema = z.array(answerSchema);

/** A process of `reader/`, which reads streams as kubectl does. */
export interface KubernetesReader {
  /** The answers to each stream, in order. */
  ask(streams: readonly string[]): Promise<readonly (readonly Answer[])[]>;
  close(): void;
}

export function startReader(program: string): KubernetesReader {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = linesOf(child);
  return {
    async ask(streams) {
      child.stdin.write(streams.map((stream) => `${JSON.stringify(stream)}\n`).join(''));
      const answers: (readonly Answer[])[] = [];
      for (let n = 0; n < streams.length; n++) {
        const { value, done } = await lines.next();
        if (done) throw new Error('the reader ended before its last answer');
        answers.push(answersSchema.parse(JSON.parse(value)));
      }
      return answers;
    },
    close: () => child.stdin.end(),
  };
}

async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
  await once(child, 'close');
}
