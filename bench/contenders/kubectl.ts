import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runOk, start } from '../../test/e2e/harness/process.ts';
import { type Cost, follow } from '../measure.ts';

/** `kubectl apply` of a directory; without flags it is what Flux v1 ran. It has asked for what the API offers before, as the daemon has. */
export interface Kubectl {
  apply(): Promise<Cost>;
  remove(): void;
}

export async function kubectl(
  kubeconfig: string,
  files: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Kubectl> {
  const root = mkdtempSync(join(tmpdir(), 'flux-bench-kubectl-'));
  const directory = join(root, 'files');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const env = { KUBECONFIG: kubeconfig, HOME: root };
  await runOk('kubectl', ['api-resources'], { env });
  return {
    async apply() {
      const begin = performance.now();
      const run = start('kubectl', ['apply', ...flags, '--recursive', '--filename', directory], { env });
      const cost = follow(run.pid ?? 0);
      const { code, stderr } = await run.finished;
      const seconds = (performance.now() - begin) / 1000;
      if (code !== 0) throw new Error(`kubectl apply ended with ${code}: ${stderr}`);
      return { seconds, ...cost() };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
