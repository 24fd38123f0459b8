import { expect, test } from 'vitest';
import { NO_MIN_AGE, parseMinAge } from '../../src/policy/index.ts';
import { createGates } from '../../src/schedule/index.ts';
import { planUpdate, type Timing, type UpdateSpec } from '../../src/update/index.ts';
import { contextOf, workload } from './world.ts';

const ID = 'shop:deployment/app';
const NOW = Date.parse('2026-12-05T12:00:00Z');
const HOUR = 3_600_000;
const cause = { Message: '', User: '' };
const AUTO: UpdateSpec = {
  type: 'auto',
  cause,
  spec: { Changes: [{ WorkloadID: ID, Container: { Name: 'c1', Image: 'one/app:1.0.0' }, ImageID: 'one/app:1.1.0' }] },
};
const RELEASE: UpdateSpec = {
  type: 'image',
  cause,
  spec: { ServiceSpecs: [ID], ImageSpec: '<all latest>', Kind: 'execute', Excludes: null, Force: false },
};

/** A workload at 1.0.0 whose 1.1.0 has been known for a day. */
async function planned(spec: UpdateSpec, policies: Readonly<Record<string, string>>, timing: Partial<Timing> = {}) {
  const all: Record<string, string> = { automated: 'true', 'tag.c1': 'semver:*', ...policies };
  const annotations = Object.fromEntries(Object.entries(all).map(([name, value]) => [`fluxcd.io/${name}`, value]));
  const app = workload('Deployment', 'app', { namespace: 'shop', annotations, containers: [['c1', 'one/app:1.0.0']] });
  const context = contextOf({
    files: { 'app.yaml': app.text },
    manifests: { [ID]: { file: 'app.yaml', object: app.object } },
    running: [ID],
    registry: { 'index.docker.io/one/app': { '1.0.0': { digest: 'a' }, '1.1.0': { digest: 'b' } } },
  });
  const seen = new Map([['index.docker.io/one/app', new Map([['1.1.0', { digest: 'b', since: NOW - 24 * HOUR }]])]]);
  const ages = { byDefault: NO_MIN_AGE, seen, inProcess: false };
  const { result } = await planUpdate(spec, { ...context, timing: { gates: createGates({}), now: NOW, ages, ...timing } });
  const { Status, Error: said = '' } = result[ID] ?? {};
  return [Status, said];
}

const WAIT =
  'tag 1.1.0 has not the minimum age of 72h, first seen at 2026-12-04T12:00:00Z; automation goes on at 2026-12-07T12:00:00Z';
const WAIT_25H = WAIT.replace('72h', '25h').replace('07T12', '05T13');
const BAD_AGE = 'invalid minimum age "soon": it is not a duration such as 72h, 90m or 3d';
const suspension = { user: 'Ann', message: 'audit', since: NOW };
const SUSPENDED = 'automation is suspended by Ann since 2026-12-05T12:00:00Z: "audit"';

test.each<[string, Readonly<Record<string, string>>, Partial<Timing>, readonly unknown[]]>([
  ['nothing new', {}, {}, ['success', '']],
  ['an age that the image has', { 'min-age.c1': '24h' }, {}, ['success', '']],
  ['an age that it has not', { 'min-age.c1': '25h' }, {}, ['skipped', WAIT_25H]],
  ['an age that is none', { 'min-age': 'soon' }, {}, ['skipped', BAD_AGE]],
  ['a suspension of the workload', { suspend: 'true' }, {}, ['skipped', 'automation of the workload is suspended in Git']],
  ['a suspension of all', {}, { suspension }, ['skipped', SUSPENDED]],
])('what automation found meets the newest commit and memory: %s', async (_name, policies, timing, expected) => {
  expect(await planned(AUTO, policies, timing)).toEqual(expected);
});

test.each<[string, Readonly<Record<string, string>>, Partial<Timing>, string]>([
  ['an image that is old enough', { 'min-age.c1': '24h' }, {}, ''],
  ['one that is not', { 'min-age.c1': '72h' }, {}, `released although ${WAIT}`],
  ['one that is not by an age that is none', { 'min-age.c1': 'soon' }, {}, ''],
  ['a suspended workload', { suspend: 'true' }, {}, 'released although automation of the workload is suspended in Git'],
  ['both', { 'min-age.c1': '72h' }, { suspension }, `released although ${SUSPENDED}; released although ${WAIT}`],
  ['a workload that automation leaves alone', { automated: 'false', 'min-age.c1': '72h' }, { suspension }, ''],
])('a person releases %s, and hears what automation would do', async (_name, policies, timing, said) => {
  expect(await planned(RELEASE, policies, timing)).toEqual(['success', said]);
});

test('the default of the flag counts for both', async () => {
  const ages = { byDefault: parseMinAge('3d'), seen: new Map(), inProcess: false };
  const wait = 'tag 1.1.0 has not the minimum age of 3d, its age is not counted yet; no end is in sight';
  expect(await planned(AUTO, {}, { ages })).toEqual(['skipped', wait]);
  expect(await planned(RELEASE, {}, { ages })).toEqual(['success', `released although ${wait}`]);
});
