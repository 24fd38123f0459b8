import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, silentLogger, systemClock } from '../../../../src/base/index.ts';
import { type ChartArchives, createManifests, type Decrypter, type ValueObjects } from '../../../../src/manifests/index.ts';
import type { ClusterCapabilities } from '../../../../src/resource/index.ts';
import { createHelm } from '../../../../src/sandbox/index.ts';
import { type Entries, revisionOf } from '../../kustomize/checkout.ts';
import { NO_ARCHIVES } from '../program.ts';

interface OpenOptions {
  readonly paths?: readonly string[];
  readonly capabilities?: ClusterCapabilities;
  readonly verbatim?: boolean;
  readonly archives?: ChartArchives;
  readonly objects?: ValueObjects;
  readonly decrypter?: Decrypter;
  readonly clock?: Pick<Clock, 'monotonic'>;
}

const NO_COMMANDS = { run: () => Promise.reject(new Error('a command runs')) };

/** Manifests of which charts are rendered by the program, and how often it ran so far. */
export function open({
  paths = [],
  capabilities = { apiVersions: [] },
  verbatim = false,
  archives = NO_ARCHIVES,
  objects,
  decrypter,
  clock = systemClock,
}: OpenOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'flux-real-helm-'));
  const memory = mkdtempSync('/dev/shm/flux-real-helm-');
  onTestFinished(() => {
    for (const each of [folder, memory]) rmSync(each, { recursive: true, force: true });
  });
  const helm = createHelm({
    program: process.env.TEST_HELM ?? '',
    directory: join(folder, 'own'),
    memoryDirectory: join(memory, 'small'),
    clock: systemClock,
    logger: silentLogger(),
  });
  onTestFinished(helm.close);
  const releases: string[] = [];
  const program: Pick<typeof helm, 'template'> = {
    template(args, files, options) {
      releases.push(args[0] ?? '');
      return helm.template(args, files, options);
    },
  };
  let current = capabilities;
  const manifests = createManifests({
    paths,
    clock,
    ...(objects ? { valueObjects: async () => objects } : {}),
    ...(decrypter ? { decrypter } : {}),
    generation: { runner: NO_COMMANDS, environment: {}, timeoutMs: 60_000 },
    helm: { program, archives, capabilities: async () => current, timeoutMs: 60_000, verbatim },
  });
  return {
    manifests,
    releases,
    serve(changed: ClusterCapabilities) {
      current = changed;
    },
    async read(entries: Entries) {
      const { files, blob } = revisionOf(entries);
      return manifests.read(files, blob);
    },
  };
}

/** A chart with one template, and the folder `shop` that names it. */
export function chartOf(template: string, config: string = '', rest: Entries = {}): Entries {
  return {
    'charts/web/Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.0.0\n',
    'charts/web/templates/web.yaml': template,
    'shop/.flux.yaml': `version: 1\nhelm:\n  chart: ../charts/web\n${config}`,
    ...rest,
  };
}
