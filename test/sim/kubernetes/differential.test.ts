import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Body, startTarget, type Target } from './target.ts';

/** With a real API server at hand: the embedded one must give the same answers to the same random histories. */
const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

describe('beside a real API server', () => {
  let real: Target;
  let embedded: Target;
  const namespaces = new Map<Target, string>();
  beforeAll(async () => {
    real = await startTarget();
    embedded = await startTarget({ file: '' });
    for (const target of [real, embedded]) namespaces.set(target, await target.namespace());
  });
  afterAll(() => Promise.all([real.stop(), embedded.stop()]));

  const few = <T>(values: readonly T[]) => fc.constantFrom(...values);
  const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const labels = fc.dictionary(few(['a', 'b', 'c']), few(['1', '2']), { maxKeys: 3 });
  const env = fc.uniqueArray(fc.record({ name: few(['A', 'B', 'C']), value: optional(few(['x', 'y'])) }), {
    selector: ({ name }) => name,
  });
  const ports = fc.uniqueArray(fc.record({ containerPort: few([80, 81]), protocol: optional(few(['TCP', 'UDP'])) }), {
    selector: ({ containerPort, protocol }) => `${containerPort}${protocol ?? 'TCP'}`,
  });
  const container = fc.record({
    name: few(['one', 'two', 'three']),
    image: few(['a:1', 'a:2', 'b']),
    args: optional(fc.array(few(['-v', '-x']), { maxLength: 2 })),
    env: optional(env),
    ports: optional(ports),
    resources: optional(few([{ limits: { cpu: '500m' } }, { requests: { memory: '1024Ki', cpu: 0.25 } }, {}])),
  });
  const containers = fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 3 });
  // No annotations: the controller adds one of its own, sooner on one server than on the other. Labels merge the same way.
  const configOf = fc.record({
    replicas: optional(few([0, 1, 2])),
    strategy: optional(
      few([{ type: 'Recreate' }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } }, { type: 'RollingUpdate' }]),
    ),
    labels: optional(labels),
    containers,
    tolerations: optional(
      fc.array(
        few([
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'Exists' },
        ]),
        { maxLength: 2 },
      ),
    ),
  });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('apply' as const),
        config: configOf,
        manager: few(['one', 'two']),
        force: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const), config: configOf, manager: few(['one', 'edit']) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('put' as const), config: configOf, manager: few(['edit']) }) },
  );

  type Config = typeof configOf extends fc.Arbitrary<infer T> ? T : never;
  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  const bodyOf = (name: string, { replicas, strategy, labels, containers, tolerations }: Config): Body => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, ...(labels && { labels }) },
    spec: {
      // No controller may join in.
      paused: true,
      ...(replicas !== undefined && { replicas }),
      ...(strategy && { strategy }),
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers, ...(tolerations && { tolerations }) } },
    },
  });

  async function take(target: Target, name: string, { kind, config, manager, ...rest }: Step): Promise<Answer> {
    const path = `/apis/apps/v1/namespaces/${namespaces.get(target)}/deployments/${name}`;
    const body = JSON.parse(JSON.stringify(bodyOf(name, config))) as Body;
    if (kind === 'apply') {
      const query = 'force' in rest && rest.force ? '&force=true' : '';
      return target.call('PATCH', `${path}?fieldManager=${manager}${query}&fieldValidation=Strict`, {
        type: 'application/apply-patch+yaml',
        body,
      });
    }
    if (kind === 'merge')
      return target.call('PATCH', `${path}?fieldManager=${manager}`, { type: 'application/merge-patch+json', body });
    return target.call('PUT', `${path}?fieldManager=${manager}`, { body });
  }

  /** The answer without what no two servers share: ids, times, and what controllers wrote. */
  function essence({ status, body }: Answer): unknown {
    if (body.kind === 'Status') return { status, reason: body.reason, message: body.message };
    const { managedFields, generation, labels, annotations, finalizers } = body.metadata as Body;
    const { 'deployment.kubernetes.io/revision': _, ...own } = annotations ?? {};
    const owners = (managedFields as Body[] | undefined)
      ?.filter((entry) => entry.manager !== 'kube-controller-manager')
      .map(({ time: _time, ...entry }) => entry)
      .sort((a, b) => (JSON.stringify([a.manager, a.operation]) < JSON.stringify([b.manager, b.operation]) ? -1 : 1));
    return {
      status,
      generation,
      labels,
      finalizers,
      annotations: Object.keys(own).length > 0 ? own : undefined,
      spec: body.spec,
      owners,
    };
  }

  let count = 0;
  test('random applies, patches and replaces of a Deployment end the same, step by step', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
        const name = `random-${count++}`;
        for (const next of steps) {
          const [expected, got] = await Promise.all([take(real, name, next), take(embedded, name, next)]);
          expect(essence(got)).toEqual(essence(expected));
        }
      }),
      { numRuns: Number(process.env.DIFFERENTIAL_RUNS ?? 60) },
    );
  }, 300_000);

  test('schema-data.json is what its generator makes of the server', async () => {
    const { stdout } = await run(
      process.execPath,
      [join(root, 'tools/generate-sim-schema.mjs'), process.env.TEST_KUBECONFIG ?? '', '-'],
      { maxBuffer: 1 << 26 },
    );
    expect(stdout).toBe(await readFile(join(root, 'src/sim/kubernetes/schema-data.json'), 'utf8'));
  }, 120_000);
});
