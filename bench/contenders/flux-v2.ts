import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { runOk } from '../../test/e2e/harness/process.ts';
import { type Cost, cpuSeconds, peakMib } from '../measure.ts';

/** Flux v2's engine of applying, running: what kustomize-controller calls with the objects that it has built. */
export interface FluxV2 {
  /** Applies the directory, as long after the time before as a limit of requests lasts; from the read of the files to the last answer. */
  apply(expected: Readonly<Record<string, number>>): Promise<Cost>;
  /** Replaces a file. */
  write(path: string, content: string): void;
  end(): Promise<void>;
}

const SOURCES = join(import.meta.dirname, 'flux-v2');
const outcomeSchema = z.object({
  seconds: z.number(),
  actions: z.record(z.string(), z.number()).nullable(),
  error: z.string().optional(),
});

/** How long the limit of its requests takes to forget the last sync: 300 at once, 50 a second. */
const REFILL_MS = 6_000;

export async function startFluxV2(
  kubeconfig: string,
  files: Readonly<Record<string, string>>,
  limits: 'limited' | 'unlimited',
): Promise<FluxV2> {
  const program = await build();
  const directory = mkdtempSync(join(tmpdir(), 'flux-bench-v2-'));
  const write = (path: string, content: string) => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  };
  for (const [path, content] of Object.entries(files)) write(path, content);

  const child = spawn(program, [kubeconfig, directory, limits], { stdio: ['pipe', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the engine of Flux v2 ended');
    return value;
  };
  await next(); // it is ready
  return {
    write,
    async apply(expected) {
      if (limits === 'limited') await sleep(REFILL_MS);
      const before = cpuSeconds(pid);
      child.stdin.write('apply\n');
      const { seconds, actions, error } = outcomeSchema.parse(JSON.parse(await next()));
      if (error !== undefined) throw new Error(`the engine of Flux v2: ${error}`);
      if (JSON.stringify(actions) !== JSON.stringify(expected))
        throw new Error(`the engine of Flux v2: ${JSON.stringify(actions)}, not ${JSON.stringify(expected)}`);
      return { seconds, cpuSeconds: cpuSeconds(pid) - before, peakMib: peakMib(pid) };
    },
    async end() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Built once, kept beside the other Go programs by the hash of its sources. */
async function build(): Promise<string> {
  const home = process.env.HOME ?? '';
  const cache = process.env.E2E_CACHE ?? join(home, '.cache/e2e-kube');
  const sources = ['main.go', 'go.mod', 'go.sum'].map((name) => readFileSync(join(SOURCES, name)));
  const program = join(cache, `flux-v2-${createHash('sha256').update(Buffer.concat(sources)).digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const env = { HOME: home, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' };
  await runOk('go', ['build', '-trimpath', '-o', `${program}.new`, '.'], { cwd: SOURCES, env });
  renameSync(`${program}.new`, program);
  return program;
}
