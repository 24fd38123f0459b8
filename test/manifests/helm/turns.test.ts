import { expect, test } from 'vitest';
import { createManifests } from '../../../src/manifests/index.ts';
import type { BuildOutcome } from '../../../src/repository/index.ts';
import { sampled } from '../../support/sampled.ts';
import { bestOfThreeTurns } from '../../support/turn-cpu.ts';
import { type Entries, revisionOf } from '../kustomize/checkout.ts';
import { CHART, config, NO_ARCHIVES } from './program.ts';

/** Of CPU, in milliseconds. */
const LIMIT = 50;

const APP = { ...CHART, 'app/.flux.yaml': config('chart: ../chart') };
const FAILED: BuildOutcome = { kind: 'failed', failure: { kind: 'exit', status: 1 }, stderr: 'literal at <.a> '.repeat(250) };
const built = (text: string): BuildOutcome => ({ kind: 'built', output: Buffer.from(text) });
const files = (count: number, text: string): Entries =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`chart/templates/a${n}.yaml`, `# ${n}\n${text}`]));
const OBJECT = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

function manifestsWith(outcome: BuildOutcome) {
  return createManifests({
    generation: { runner: { run: () => Promise.reject(new Error('a command runs')) }, environment: {}, timeoutMs: 1_000 },
    helm: {
      program: { template: async (_args, laid) => laid().then(() => outcome) },
      capabilities: async () => ({ apiVersions: [] }),
      archives: NO_ARCHIVES,
      timeoutMs: 1_000,
    },
  });
}

test.each(
  sampled<[string, Entries, BuildOutcome]>(
    'charts that could block the event loop',
    [
      ['very many lines', APP, built(`${OBJECT}data:\n  a: |\n${'    # Source: a/b\n'.repeat(500_000)}`)],
      ['very many sources', APP, built(`${OBJECT}${'# Source: a/templates/a.yaml\n'.repeat(400_000)}`)],
      ['very many files', { ...APP, ...files(5_000, 'a') }, built(OBJECT)],
      ['very many actions', { ...APP, ...files(100, '{{'.repeat(30_000)) }, built(OBJECT)],
      ['very many comments', { ...APP, ...files(100, '{{/**/}}'.repeat(8_000)) }, built(OBJECT)],
      ['very many quotes', { ...APP, ...files(100, `{{ ${`"'`.repeat(30_000)}`) }, built(OBJECT)],
      ['very many literals beside an error', { ...APP, ...files(16, '"literal %s"'.repeat(5_000)) }, FAILED],
      ['a long literal beside an error', { ...APP, ...files(16, `"${'a%s'.repeat(20_000)}"`) }, FAILED],
      [
        'very many values',
        { ...APP, 'app/.flux.yaml': config('chart: ../chart', `values: {a: [${'1,'.repeat(15_000)}1]}`) },
        built(OBJECT),
      ],
      ['a deep schema', { ...APP, 'chart/values.schema.json': `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}` }, built(OBJECT)],
      ['a wide schema', { ...APP, 'chart/values.schema.json': `[${'{},'.repeat(80_000)}{}]` }, built(OBJECT)],
    ],
    4,
  ),
)('S-026 no chart blocks the event loop: %s', async (_, entries, outcome) => {
  const { files: listed, blob } = revisionOf(entries);
  const read = () => manifestsWith(outcome).read(listed, blob);
  expect((await bestOfThreeTurns(read, LIMIT)).cpuMs).toBeLessThan(LIMIT);
});
