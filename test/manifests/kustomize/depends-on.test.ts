import { expect, test } from 'vitest';
import { Kustomizations } from '../../../src/manifests/kustomize/kustomizations.ts';
import { divide } from '../../../src/manifests/units/divide.ts';
import { configMap, lines, treeOf } from './checkout.ts';

const depending = (annotation: string) =>
  lines('resources: [a.yaml]', 'metadata:', '  annotations:', `    fluxcd.io/depends-on: ${JSON.stringify(annotation)}`);

const dividing = async (files: Readonly<Record<string, string>>, paths: readonly string[] = []) => {
  const { units, dependents, errors, refused } = await divide(
    await treeOf({
      'db/kustomization.yaml': 'resources: [a.yaml]\n',
      'db/a.yaml': configMap('db'),
      'web/a.yaml': configMap('web'),
      ...files,
    }),
    paths,
    { configFiles: true, kustomize: { auto: true, kustomizations: new Kustomizations() } },
  );
  return {
    units: units.flatMap((unit) => (unit.renderer === 'plain' ? [] : unit.name)).sort(),
    dependents,
    refused,
    errors: errors.map(({ error }) => error.code),
  };
};

const DB = { folder: 'db', units: ['db/kustomization.yaml'] };
const WEB = { name: 'web/kustomization.yaml', units: ['web/kustomization.yaml'] };
const BOTH = ['db/kustomization.yaml', 'web/kustomization.yaml'];

test.each([
  ['an annotation', { 'web/kustomization.yaml': depending('db') }, [{ ...DB, healthy: false }]],
  ['an annotation that asks for health', { 'web/kustomization.yaml': depending('db:healthy') }, [{ ...DB, healthy: true }]],
  [
    'a config file',
    { 'web/kustomization.yaml': 'resources: [a.yaml]\n', 'web/.flux.yaml': 'version: 1\nkustomize: {}\ndependsOn: [db]\n' },
    [{ ...DB, healthy: false }],
  ],
  [
    'both',
    { 'web/kustomization.yaml': depending('db:healthy'), 'web/.flux.yaml': 'version: 1\nkustomize: {}\ndependsOn: [db]\n' },
    [
      { ...DB, healthy: false },
      { ...DB, healthy: true },
    ],
  ],
])('a kustomization depends on another by %s', async (_, files, after) => {
  expect(await dividing(files)).toEqual({ units: BOTH, dependents: [{ ...WEB, after }], refused: [], errors: [] });
});

test('a kustomization in a folder of plain files depends on what the folder depends on', async () => {
  const inFolder = async (dependsOn: string) => {
    const { dependents, refused } = await dividing(
      {
        'web/.flux.yaml': `version: 1\nscanForFiles: {}\ndependsOn: [${dependsOn}]\n`,
        'web/in/kustomization.yaml': 'resources: [a.yaml]\n',
        'web/in/a.yaml': configMap('in'),
      },
      ['db', 'web'],
    );
    return { waiting: dependents.map(({ name }) => name).sort(), refused: refused.toSorted() };
  };
  expect(await inFolder('db')).toEqual({ waiting: ['web/.flux.yaml', 'web/in/kustomization.yaml'], refused: [] });
  expect((await inFolder('nowhere')).refused).toEqual(['web/in/kustomization.yaml']);
});

test.each([
  ['that leads nowhere', 'cache', 'generation/dependency-missing'],
  ['that cannot be read', '../db', 'generation/bad-depends-on'],
  ['on itself', 'web', 'generation/dependency-cycle'],
])('a dependency %s refuses its kustomization alone', async (_, annotation, code) => {
  expect(await dividing({ 'web/kustomization.yaml': depending(annotation) })).toEqual({
    units: ['db/kustomization.yaml'],
    dependents: [],
    refused: ['web/kustomization.yaml'],
    errors: [code],
  });
});

test('what depends on a kustomization that is refused knows it', async () => {
  const { dependents, refused } = await dividing({
    'web/kustomization.yaml': depending('db'),
    'db/kustomization.yaml': 'resources: [https://example.org/a.yaml]\n',
  });
  expect(refused).toEqual(['db/kustomization.yaml']);
  expect(dependents).toEqual([{ ...WEB, after: [{ ...DB, healthy: false }] }]);
});
