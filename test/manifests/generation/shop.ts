import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createManifests, type Generation, type Manifests } from '../../../src/manifests/index.ts';
import { blobId } from '../../../src/manifests/units/tree.ts';
import type { FileText } from '../../../src/repository/index.ts';
import { createChildProcessRunner } from '../../../src/sandbox/index.ts';

export type Files = Readonly<Record<string, string>>;

/** Files as a revision has them, in the order of git. */
export function revisionOf(files: Files) {
  const contents = new Map(Object.values(files).map((text) => [blobId(Buffer.from(text)), Buffer.from(text)]));
  return {
    files: Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, text]) => ({ path, mode: '100644', blob: blobId(Buffer.from(text)), size: Buffer.byteLength(text) })),
    blob: async (id: string) => contents.get(id) ?? Buffer.alloc(0),
  };
}

export interface Shop {
  readonly manifests: Manifests;
  /** Every run so far: the texts of its commands. */
  readonly runs: readonly (readonly string[])[];
  close(): Promise<void>;
}

export interface ShopOptions extends Partial<Generation> {
  readonly paths?: readonly string[];
  readonly clock?: { monotonic(): number };
}

/** Manifests whose commands run in child processes. */
export function openShop(options: ShopOptions = {}): Shop {
  const { clock = systemClock, paths = [], ...generation } = options;
  const directory = mkdtempSync(join(tmpdir(), 'flux-generation-'));
  const runner = createChildProcessRunner({
    directory: join(directory, 'commands'),
    path: process.env.PATH ?? '',
    clock: systemClock,
    logger: silentLogger(),
  });
  const runs: (readonly string[])[] = [];
  const counted: Generation['runner'] = {
    run(run, cancel) {
      runs.push(run.commands.map(({ text }) => text));
      return runner.run(run, cancel);
    },
  };
  return {
    manifests: createManifests({
      clock,
      paths,
      generation: { runner: counted, environment: {}, timeoutMs: 30_000, ...generation },
    }),
    runs,
    async close() {
      await runner.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function withEdits(files: Files, edits: readonly FileText[]): Files {
  return { ...files, ...Object.fromEntries(edits.map(({ path, content }) => [path, content])) };
}

export const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;

export function configMap(name: string, data = 'a'): string {
  return lines('apiVersion: v1', 'kind: ConfigMap', `metadata: { name: ${name} }`, `data: { key: ${data} }`);
}

export function deployment(name: string, image: string): string {
  return lines(
    '---',
    'apiVersion: apps/v1',
    'kind: Deployment',
    `metadata: { name: ${name} }`,
    `spec: { template: { spec: { containers: [{ name: c, image: "${image}" }] } } }`,
  );
}

/** A `.flux.yaml` whose generators print files. */
export function generating(...commands: readonly string[]): string {
  return lines(
    'version: 1',
    'commandUpdated:',
    '  generators:',
    ...commands.map((command) => `  - command: ${JSON.stringify(command)}`),
  );
}

export function patching(...commands: readonly string[]): string {
  return lines(
    'version: 1',
    'patchUpdated:',
    '  patchFile: patch.yaml',
    '  generators:',
    ...commands.map((command) => `  - command: ${JSON.stringify(command)}`),
  );
}
