import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseYamlDocuments } from '../../../src/base/index.ts';
import { isKubeObject } from '../../../src/resource/index.ts';

export const CHART = join(import.meta.dirname, '../../../charts/flux');
/** What the chart of Flux v1 (1.13.3) makes, written anew. */
export const FLUX_V1_CHART = join(import.meta.dirname, '../flux-v1');
export const V1_VALUES = join(FLUX_V1_CHART, 'values.yaml');

export interface Rendered {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: any kind of object; a wrong path in a test shows as a failed expectation
  readonly [field: string]: any;
}

export interface RenderOptions {
  readonly release?: string;
  readonly namespace?: string;
  readonly file?: string;
  /** `--set`; with `json:` before the name `--set-json`. */
  readonly set?: Readonly<Record<string, unknown>>;
}

/** The real Helm; the script beside this folder says which. */
export function helm(...args: readonly string[]) {
  const { HELM } = process.env;
  if (!HELM) throw new Error('HELM names no program: run test/charts/run.sh');
  const { status, stdout, stderr } = spawnSync(HELM, args, { encoding: 'utf8', maxBuffer: 64 << 20 });
  return { code: status, stdout, stderr };
}

export function renderArguments({ release = 'flux', namespace = 'flux', file, set = {} }: RenderOptions): readonly string[] {
  const values = Object.entries(set).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);
  return [release, CHART, '--namespace', namespace, ...(file ? ['--values', file] : []), ...values];
}

/** The objects that Helm makes of the chart. */
export function render(options: RenderOptions = {}): readonly Rendered[] {
  const { code, stdout, stderr } = helm('template', ...renderArguments(options));
  if (code !== 0) throw new Error(stderr);
  return [...parseYamlDocuments(stdout)].flatMap((document) => {
    if (document.error) throw document.error;
    if (document.value === null) return [];
    if (!isKubeObject(document.value)) throw new Error('the chart renders something else than an object');
    return [document.value];
  });
}

/** What Helm says of values that it refuses. */
export function refusal(set: Readonly<Record<string, unknown>>): string {
  const { code, stderr } = helm('template', ...renderArguments({ set }));
  if (code === 0) throw new Error('Helm took them');
  return stderr;
}

export function deploymentOf(objects: readonly Rendered[]): Rendered {
  const found = objects.find(({ kind }) => kind === 'Deployment');
  if (!found) throw new Error('no Deployment was rendered');
  return found;
}

export const argumentsOf = (objects: readonly Rendered[]): readonly string[] =>
  deploymentOf(objects).spec.template.spec.containers[0].args;
