import { expect, test } from 'vitest';
import type { ObjectChange } from '../../src/manifests/index.ts';
import type { DesiredState, Manifest } from '../../src/resource/index.ts';
import { verifyRevision } from '../../src/update/verify.ts';
import { countTurns } from '../support/turns.ts';

const UNIT = 'prod/kustomization.yaml';

function deployment(name: string, image: string, unit = UNIT): Manifest {
  const containers = [{ name: 'c', image }];
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace: 'shop' } };
  return {
    place: { renderer: 'kustomize', unit, file: unit, document: 1 },
    checksum: `${name} ${image}`,
    object: { ...object, spec: { template: { spec: { containers } } } },
  };
}

const stateOf = (manifests: readonly Manifest[]): DesiredState => ({ manifests, errors: [], warnings: [] });
const deployments = (count: number, unit?: string) => Array.from({ length: count }, (_, n) => deployment(`a${n}`, 'x:1', unit));
const toImage = (manifest: Manifest, image: string): ObjectChange => ({
  id: `shop:deployment/${manifest.object.metadata.name}`,
  manifest,
  change: { kind: 'images', images: new Map([['c', image]]) },
});
const verify = (before: readonly Manifest[], after: readonly Manifest[], changes: readonly ObjectChange[] = []) =>
  verifyRevision(stateOf(before), stateOf(after), changes, [UNIT]);

test('others have their turn while thousands of objects are compared', async () => {
  const counted = countTurns();
  await verify(deployments(10_000), deployments(10_000));
  counted.stop();
  expect(counted.turns).toBeGreaterThan(100);
});

test('a unit with the identical objects is not looked at, another is', async () => {
  const looks: string[] = [];
  const same = deployments(100, 'same/kustomization.yaml').map(({ object, ...others }) => ({
    ...others,
    get object() {
      looks.push(object.metadata.name);
      return object;
    },
  }));
  const before = deployment('web', 'x:1');
  await verify([before, ...same], [...same, deployment('web', 'x:2')], [toImage(before, 'x:2')]);
  expect(looks).toEqual([]);
  await expect(verify([before, ...same], [...same, deployment('web', 'x:3')], [toImage(before, 'x:2')])).rejects.toThrow(
    'the image for container "c" in resource "shop:deployment/web" should be "x:2", but is "x:3"',
  );
});

test('what was asked for is missing if its object is the identical one', async () => {
  const all = [deployment('web', 'x:1'), deployment('api', 'x:1')];
  await expect(verify(all, all, [toImage(deployment('web', 'x:1'), 'x:2')])).rejects.toThrow('should be "x:2", but is "x:1"');
});

test('identical objects in another order are compared: of those that are printed twice, the order counts', async () => {
  const [first, second] = [deployment('web', 'x:1'), deployment('web', 'x:2')];
  await expect(verify([first, second], [second, first])).rejects.toThrow('should be "x:1", but is "x:2"');
  await expect(verify([first, second], [second])).rejects.toThrow(/should be "x:1"/);
  const other = deployment('api', 'x:1');
  await verify([first, other], [other, first]);
});

test('an aborted job stops between objects', async () => {
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  const [before, after] = [stateOf(deployments(1_000)), stateOf(deployments(1_000))];
  await expect(verifyRevision(before, after, [], [UNIT], { signal: stop.signal })).rejects.toThrow('stopped');
});
