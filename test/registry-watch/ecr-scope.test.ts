import { describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../src/base/index.ts';
import { type EcrLimits, ecrVerdict, type OwnRegion } from '../../src/registry-watch/ecr-scope.ts';
import { sampled } from '../support/sampled.ts';
import { until } from '../support/until.ts';
import { type Answer, cloudClient, LOSSES, startCloud } from './credentials/cloud-server.ts';
import { FakeRegistry } from './fake-registry.ts';
import { setup } from './watch-of.ts';

const host = (account: string, region: string) => `${account}.dkr.ecr.${region}.amazonaws.com`;
const IRELAND = host('123456789012', 'eu-west-1');
const OREGON = host('123456789012', 'us-west-2');
const limits = (given: Partial<EcrLimits>): EcrLimits => ({ includeIds: [], excludeIds: [], ...given });
const known = (region: string | undefined): OwnRegion => ({ known: region });

describe('a registry', () => {
  test.each<[string, string, Partial<EcrLimits>, OwnRegion, string]>([
    ['of another service', 'gcr.io', { regions: [] }, known('eu-west-1'), 'scanned'],
    ['that only looks like ECR', `${IRELAND}.evil.com`, { regions: [] }, known('us-west-2'), 'scanned'],
    ['of the own region', IRELAND, {}, known('eu-west-1'), 'scanned'],
    ['of another region', OREGON, {}, known('eu-west-1'), 'region us-west-2 is not that of fluxd, eu-west-1'],
    ['before the own region is known', IRELAND, {}, 'not known yet', 'ask for region'],
    ['where the own region cannot be found', IRELAND, {}, known(undefined), 'scanned'],
    ['of a given region', OREGON, { regions: ['us-west-2'] }, 'not known yet', 'scanned'],
    [
      'of no given region',
      IRELAND,
      { regions: ['us-west-2'] },
      'not known yet',
      'region eu-west-1 is not in --registry-ecr-region',
    ],
    ['where no region is allowed', IRELAND, { regions: [] }, known('eu-west-1'), 'not in --registry-ecr-region'],
    ['of an excluded account', IRELAND, { excludeIds: ['123456789012'] }, 'not known yet', 'is in --registry-ecr-exclude-id'],
    [
      'of one also included',
      IRELAND,
      { excludeIds: ['123456789012'], includeIds: ['123456789012'] },
      known('eu-west-1'),
      'exclude-id',
    ],
    [
      'of an account that is not included',
      IRELAND,
      { includeIds: ['999999999999'] },
      known('eu-west-1'),
      'not in --registry-ecr-include-id',
    ],
    ['of an included account', IRELAND, { includeIds: ['123456789012'] }, known('eu-west-1'), 'scanned'],
  ])('%s', (_name, registry, given, own, expected) => {
    const verdict = ecrVerdict(registry, limits(given), own);
    expect(verdict.state === 'excluded' ? verdict.reason : verdict.state).toContain(expected);
  });
});

/** A watch of images in two regions, whose metadata service answers as the test says. */
async function world(region: Answer, environment: Readonly<Record<string, string>> = {}) {
  const registry = await new FakeRegistry().listen();
  registry.push('1.0.0', '2024-01-01T00:00:00Z');
  let says = region;
  const cloud = await startCloud(({ method }) => (method === 'PUT' ? { body: 't0ken' } : says));
  const { clock, http } = cloudClient({
    onto: { [IRELAND]: registry.host, [OREGON]: registry.host, '169.254.169.254': cloud.host },
  });
  const logged: unknown[] = [];
  const note = (...words: unknown[]) => void logged.push(words);
  const log = Object.assign(silentLogger(), { info: note, warn: note });
  const it = setup({ clock, http, log, environment });
  onTestFinished(async () => {
    await it.close();
    await registry.close();
  });
  const targets = [IRELAND, OREGON].map((name) => ({ name: `${name}/team/web`, pullSecrets: [] }));
  const names = () => it.watch.scans().map(({ name }) => name.split('.')[3]);
  return {
    watch: it.watch,
    targets,
    names,
    logged,
    cloud,
    answer(region: Answer) {
      says = region;
    },
  };
}

test('images of other regions than that of the machine are not scanned, and the log says once why', async () => {
  const { watch, targets, names, logged, cloud } = await world({ body: 'eu-west-1' });
  watch.watch(targets);
  expect(names()).toEqual([]);
  await until('the region is known', () => names().length > 0);
  watch.watch(targets);
  expect(names()).toEqual(['eu-west-1']);
  expect(cloud.requests).toHaveLength(2);
  const reasons = logged.filter((words) => JSON.stringify(words).includes('image not scanned'));
  expect(reasons).toEqual([
    [
      {
        image: `${OREGON}/team/web`,
        reason: 'region us-west-2 is not that of fluxd, eu-west-1, and --registry-ecr-region is not set',
      },
      'image not scanned',
    ],
  ]);
});

test.each([404, 403, 405])(
  'where the machine says by %i that it is not in AWS, images of every region are scanned',
  async (status) => {
    const { watch, targets, names } = await world({ status });
    watch.watch(targets);
    await until('it is known that there is no region', () => names().length > 0);
    expect(names()).toEqual(['eu-west-1', 'us-west-2']);
  },
);

test('where AWS_EC2_METADATA_DISABLED leaves the machine out, it is not asked, and images of every region are scanned', async () => {
  const { watch, targets, names, cloud } = await world({ body: 'eu-west-1' }, { AWS_EC2_METADATA_DISABLED: 'true' });
  watch.watch(targets);
  await until('it is known that there is no region', () => names().length > 0);
  expect(names()).toEqual(['eu-west-1', 'us-west-2']);
  expect(cloud.requests).toEqual([]);
});

test('as long as the machine does not say its region, it is asked again, and no image that the region decides on is scanned', async () => {
  const { watch, targets, names, logged, cloud, answer } = await world({ status: 503 });
  watch.watch(targets);
  await until('it was asked many times', () => cloud.requests.length > 30);
  watch.watch(targets);
  expect(names()).toEqual([]);
  expect(await watch.verifyNow({ image: targets[0]?.name ?? '', questions: [], pullSecrets: [] })).toMatchObject({
    barredBy: expect.stringContaining('--registry-ecr-region'),
  });
  expect(logged.filter((words) => JSON.stringify(words).includes('not known'))).toHaveLength(1);
  answer({ body: 'eu-west-1' });
  await until('the region is known', () => names().length > 0);
  expect(names()).toEqual(['eu-west-1']);
});

test.for(sampled('ways to lose a request for the own region', LOSSES, 2))(
  'one request for the own region that %s changes nothing',
  async ([, fault]) => {
    for (const n of [1, 2]) {
      const { watch, targets, names, cloud } = await world({ body: 'eu-west-1' });
      cloud.lose(n, fault);
      watch.watch(targets);
      await until('the region is known', () => names().length > 0);
      expect(names()).toEqual(['eu-west-1']);
    }
  },
);
