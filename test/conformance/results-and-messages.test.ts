import { describe, expect, test } from 'vitest';
import { formatResult } from '../../src/cli/result-table.ts';
import { type PolicySpec, planUpdate } from '../../src/update/index.ts';
import { repositoryOf } from '../update/repository.ts';

const deployment = (name: string, containers: readonly (readonly [name: string, image: string])[], annotations = '{}') =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: shop, annotations: ${annotations}}
spec:
  template:
    spec:
      containers:
${containers.map(([each, image]) => `      - {name: ${each}, image: "${image}"}\n`).join('')}`;

describe('the table of what an update did', () => {
  const update = { Container: 'web', Current: 'r.dev/acme/web:m-2', Target: 'r.dev/acme/web:m-1' };

  test('OUT-1 shows the old reference in full and of the new one the tag', () => {
    expect(formatResult({ 'shop/web': { Status: 'success', PerContainer: [update] } }, 0)).toBe(
      'WORKLOAD   STATUS   UPDATES\nshop/web   success  web: r.dev/acme/web:m-2 -> m-1\n',
    );
  });

  test('OUT-2 shows a message first, and what was updated below it', () => {
    expect(formatResult({ 'shop/web': { Status: 'success', Error: 'something odd', PerContainer: [update] } }, 0)).toBe(
      'WORKLOAD   STATUS   UPDATES\nshop/web   success  something odd\n                    web: r.dev/acme/web:m-2 -> m-1\n',
    );
  });

  test.each([
    [0, ['d']],
    [1, ['d', 's']],
    [2, ['d', 'i', 's']],
  ])('OUT-4 shows at verbosity %i what was skipped from 1 on, what was ignored from 2 on', (verbosity, shown) => {
    const result = {
      s: { Status: 'skipped', Error: 'locked', PerContainer: null },
      i: { Status: 'ignored', Error: 'not included', PerContainer: null },
      d: { Status: 'failed', Error: 'no', PerContainer: null },
    };
    const rows = formatResult(result, verbosity).trimEnd().split('\n').slice(1);
    expect(rows.map((row) => row.split(' ')[0])).toEqual(shown);
  });
});

describe('the commit message', () => {
  test('OUT-5 of an automated update of 11 images lists them, sorted as text', async () => {
    const containers = Array.from({ length: 11 }, (_, n) => [`c${n + 1}`, `r/x${n + 1}:v0`] as const);
    const file = deployment('many', containers, "{fluxcd.io/automated: 'true'}");
    const moved = (image: string) => image.replace(/(\d+):v0/, '$1:v$1');
    const context = await repositoryOf(
      { 'many.yaml': file },
      {
        running: ['shop:deployment/many'],
        registry: Object.fromEntries(
          containers.map(([, image]) => [
            `index.docker.io/${image.replace(':v0', '')}`,
            { v0: { createdAt: 1 }, [moved(image).replace(/.*:/, '')]: { createdAt: 2 } },
          ]),
        ),
      },
    );
    const Changes = containers.map(([Name, Image]) => ({
      WorkloadID: 'shop:deployment/many',
      Container: { Name, Image },
      ImageID: moved(Image),
    }));
    const { message } = await planUpdate({ type: 'auto', cause: { Message: '', User: '' }, spec: { Changes } }, context);
    expect(message).toBe(`Auto-release multiple (11) images

 - r/x10:v10
 - r/x11:v11
 - r/x1:v1
 - r/x2:v2
 - r/x3:v3
 - r/x4:v4
 - r/x5:v5
 - r/x6:v6
 - r/x7:v7
 - r/x8:v8
 - r/x9:v9
`);
  });

  const WEB = 'shop:deployment/web';
  const add = (policies: Record<string, string>): PolicySpec[string] => ({ add: policies, remove: {} });
  const remove = (...names: string[]): PolicySpec[string] => ({
    add: {},
    remove: Object.fromEntries(names.map((name) => [name, 'true'])),
  });

  test.each<[name: string, update: PolicySpec[string], message: string]>([
    ['OUT-7, OUT-10 of one automated', add({ automated: 'true' }), `Automated: ${WEB}\n`],
    ['OUT-10 of one no longer automated', remove('automated'), `Deautomated: ${WEB}\n`],
    ['OUT-10 of one locked', add({ locked: 'true' }), `Locked: ${WEB}\n`],
    ['OUT-10 of one unlocked', remove('locked'), `Unlocked: ${WEB}\n`],
    ['OUT-10 of one with another policy', add({ 'tag.web': 'glob:v*' }), `Updated policies: ${WEB}\n`],
    ['OUT-10 of one that loses another policy', remove('tag.web'), `Updated policies: ${WEB}\n`],
    [
      'OUT-8 of one locked and given a filter',
      add({ 'tag.web': 'glob:v*', locked: 'true' }),
      `Updated workload policies\n\n- Locked: ${WEB}\n- Updated policies: ${WEB}\n`,
    ],
  ])('%s', async (_name, update, message) => {
    const context = await repositoryOf({ 'web.yaml': deployment('web', [['web', 'acme/web:1']]) });
    const planned = await planUpdate({ type: 'policy', cause: { Message: '', User: '' }, spec: { [WEB]: update } }, context);
    expect(planned.message).toBe(message);
  });
});
