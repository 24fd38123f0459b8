import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { CASES } from './cases.ts';
import { sampleStreams } from './documents.ts';
import { answersSchema, type KubernetesReader } from './kubernetes-reader.ts';

const FILE = join(import.meta.dirname, '../../fixtures/yaml/answers.json');
const GENERATED = 600;

/** Streams with Kubernetes' answers. */
export type Answered = z.infer<typeof schema>;

const schema = z.array(z.strictObject({ stream: z.string(), answers: answersSchema }));

/** What the real reader said when the file was written. */
export function frozenAnswers(): Answered {
  return schema.parse(JSON.parse(readFileSync(FILE, 'utf8')));
}

export async function askAll(reader: KubernetesReader, streams: readonly string[]): Promise<Answered> {
  const answers = await reader.ask(streams);
  return streams.map((stream, n) => ({ stream, answers: [...(answers[n] ?? [])] }));
}

/** Writes down the answers to all cases and to a sample of generated streams, less those that Kubernetes answers by chance. */
export async function freeze(reader: KubernetesReader): Promise<void> {
  const streams = [...CASES, ...sampleStreams(1, GENERATED).map(({ stream }) => stream)];
  const answered = await askAll(reader, streams);
  const again = await askAll(reader, Array<readonly string[]>(10).fill(streams).flat());
  const certain = answered.filter((row, n) =>
    again.every((other, m) => m % streams.length !== n || isDeepStrictEqual(other, row)),
  );
  writeFileSync(FILE, `[\n${certain.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
}
