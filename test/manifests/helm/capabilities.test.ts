import { describe, expect, test } from 'vitest';
import { FluxError } from '../../../src/base/index.ts';
import type { ClusterCapabilities } from '../../../src/resource/index.ts';
import { CHART, config, open } from './program.ts';

const OLD: ClusterCapabilities = { kubeVersion: 'v1.33.0', apiVersions: ['v1'] };
const NEW: ClusterCapabilities = { kubeVersion: 'v1.34.0', apiVersions: ['v1'] };
const PLAIN = { 'plain.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n' };
const APPS = {
  ...CHART,
  ...PLAIN,
  'app/.flux.yaml': config('chart: ../chart'),
  'blog/.flux.yaml': config('chart: ../chart'),
};

/** Gives each answer once, and the last one again. */
function answering(...answers: readonly (ClusterCapabilities | FluxError)[]) {
  let asked = 0;
  return {
    asked: () => asked,
    async capabilities() {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (answer instanceof FluxError) throw answer;
      if (!answer) throw new Error('no answer');
      return answer;
    },
  };
}

const versionsOf = (runs: ReturnType<typeof open>['runs']) =>
  runs.map(({ args }) => args.find((arg) => arg.startsWith('--kube-version')));

describe('what the cluster serves', () => {
  test('is asked once for all charts of a revision, and not for one without charts', async () => {
    const cluster = answering(OLD);
    const { read, runs } = open(cluster.capabilities);
    await read(PLAIN);
    expect(cluster.asked()).toBe(0);
    await read(APPS);
    expect([cluster.asked(), runs.length]).toEqual([1, 2]);
  });

  test('may change without a commit: the revision is read again, and its charts are rendered when it did', async () => {
    const { read, runs } = open(answering(OLD, OLD, NEW).capabilities);
    const first = await read(APPS);
    expect([first.unsettled, (await read(PLAIN)).unsettled]).toEqual([true, undefined]);
    expect((await read(APPS)).unsettled).toBe(true);
    expect(versionsOf(runs.splice(0))).toEqual(['--kube-version=v1.33.0', '--kube-version=v1.33.0']);
    await read(APPS);
    expect(versionsOf(runs)).toEqual(['--kube-version=v1.34.0', '--kube-version=v1.34.0']);
  });

  test('is not known: each chart says so, other files are read, and it is tried again', async () => {
    const unknown = new FluxError('kinds of the cluster are not known: a/v1', { code: 'cluster/capabilities-unknown' });
    const { read, runs } = open(answering(unknown, OLD).capabilities);
    const { manifests, errors, units, unsettled } = await read(APPS);
    expect(manifests.map(({ object }) => object.metadata.name)).toEqual(['plain']);
    expect(errors).toEqual(['app/.flux.yaml', 'blog/.flux.yaml'].map((file) => ({ file, unit: file, error: unknown })));
    expect([units, unsettled, runs.length]).toEqual([['app/.flux.yaml', 'blog/.flux.yaml'], true, 0]);
    expect((await read(APPS)).manifests).toHaveLength(3);
  });
});
