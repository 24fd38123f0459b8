import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import * as z from 'zod';
import { STAGES, stageOf } from '../../src/cluster/apply/stage.ts';
import { runOk } from '../../test/e2e/harness/process.ts';
import type { Cost } from '../measure.ts';

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
  }),
});
type KubernetesObject = z.infer<typeof objectSchema>;

/** What the program is given: requests in stages, each stage begun when the one before it is done. */
export interface Work {
  readonly kubeconfig: string;
  readonly inFlight: number;
  readonly stages: readonly (readonly { readonly path: string; readonly body: string }[])[];
  /** Collection of Deployments to watch, once all is applied, until every one is ready. */
  readonly deployments?: string;
}

export interface Applied extends Cost {
  /** Until the Deployments were ready too. */
  readonly healthySeconds: number;
}

const answerSchema = z.object({
  seconds: z.number(),
  healthySeconds: z.number(),
  cpuSeconds: z.number(),
  peakMib: z.number(),
});

/**
 * The least that a parallel server-side apply can do: the bodies that fluxd sends, in its stages, with its options, so many at a
 * time over connections kept alive; nothing is read, compared, remembered or reported. In a process of its own, as fluxd is; the clock
 * starts when the bodies are ready.
 */
export async function bareLoop(
  kubeconfig: string,
  files: Readonly<Record<string, string>>,
  { inFlight, healthyIn }: { readonly inFlight: number; readonly healthyIn?: string },
): Promise<Applied> {
  const objects = Object.values(files).flatMap((text) => loadAll(text).map((value) => objectSchema.parse(value)));
  const stages = Array.from({ length: STAGES }, (_, stage) =>
    objects.filter((object) => stageOf({ group: groupOf(object), kind: object.kind }) === stage).map(requestOf),
  );
  const work: Work = {
    kubeconfig,
    inFlight,
    stages,
    ...(healthyIn === undefined ? {} : { deployments: `/apis/apps/v1/namespaces/${healthyIn}/deployments` }),
  };
  const directory = mkdtempSync(join(tmpdir(), 'flux-bench-loop-'));
  const file = join(directory, 'work.json');
  writeFileSync(file, JSON.stringify(work));
  const output = await runOk(process.execPath, [join(import.meta.dirname, 'bare-loop-program.ts'), file], {
    env: { NODE_NO_WARNINGS: '1' },
  });
  rmSync(directory, { recursive: true, force: true });
  return answerSchema.parse(JSON.parse(output));
}

const PLURALS: Readonly<Record<string, string>> = { Ingress: 'ingresses' };

function requestOf(object: KubernetesObject) {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace, labels } = metadata;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace === undefined ? '' : `/namespaces/${namespace}`;
  const path = `${root}${scope}/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}/${name}`;
  // As long as those of fluxd.
  const mark = `sha256.${createHash('sha256').update(path).digest('base64url')}`;
  const checksum = createHash('sha1').update(path).digest('hex');
  const marked = {
    ...metadata,
    labels: { ...labels, 'fluxcd.io/sync-gc-mark': mark },
    annotations: { 'fluxcd.io/sync-checksum': checksum },
  };
  return { path, body: JSON.stringify({ ...object, metadata: marked }) };
}

function groupOf({ apiVersion }: KubernetesObject): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}
