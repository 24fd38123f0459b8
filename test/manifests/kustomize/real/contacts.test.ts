import { existsSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { configMap, type Entries, unitsOf } from '../checkout.ts';
import { buildIn, checkOut, folder } from './program.ts';

const RUNS = process.env.FAULTS === 'all' ? 5_000 : 300;

/** A place that counts who comes, by HTTP or by git. */
async function openTrap() {
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    response.end(configMap('remote'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const programs = folder();
  for (const name of ['git', 'helm', 'evil', 'docker', 'sh']) {
    await writeFile(join(programs, name), `#!/bin/sh\n: >${programs}/called\nexit 1\n`);
    await chmod(join(programs, name), 0o755);
  }
  return {
    port: (server.address() as AddressInfo).port,
    programs,
    isSprung: () => requests > 0 || existsSync(join(programs, 'called')),
  };
}

/** Pieces of text that mean something to kustomize. */
const pieces = (address: string) => {
  const addresses = [
    address,
    address.replace('http', 'HTTP'),
    'github.com/o/r',
    'gİthub.com/o/r',
    'git@127.0.0.1:o/r',
    'git::github.com/o/r',
    'x@127.0.0.1/o/r',
    'file:///nowhere/o/r',
    `key=${address}`,
    `${address}?a=b`,
  ];
  const values = ['a.yaml', 'b.yaml', '../app', 'sub', ...addresses];
  const keys = [
    'resources',
    'Resources',
    'reſources',
    'components',
    'generators',
    'transformers',
    'patches',
    'path',
    'paths',
    'pathſ',
    'files',
    'envs',
    'PATH',
    'configMapGenerator',
    'helmCharts',
    'openapi',
    'crds',
    '? resources',
    '"\\x72esources"',
    'apiVersion',
    'kind',
    '<<',
    'items',
    'metadata',
  ];
  const marks = [
    '\n',
    '\n- ',
    '\n  ',
    '\n---\n',
    '\n---x: ',
    '\n...\n',
    ': ',
    '[',
    ']',
    '{',
    '}',
    ', ',
    '"',
    "'",
    '|\n  ',
    '>-\n  ',
    '# ',
    '&a ',
    '*a',
    '!!binary ',
    '!!str ',
    '\t',
    '\r',
    '\u2028',
    '\u0085',
    '\uFEFF',
    '%YAML 1.1\n',
    'null',
    'builtin',
    'PatchTransformer',
    'ConfigMapGenerator',
    'ThingList',
    '{name: x}',
  ];
  return { values, keys, marks };
};

test('S-027 whatever passes contacts nobody: no host, no git, no other program', async () => {
  const trap = await openTrap();
  const { values, keys, marks } = pieces(`http://127.0.0.1:${trap.port}/a.yaml`);
  // Most are harmless, so that some pass.
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('a.yaml', './a.yaml') },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
  const harmless = fc.constant('resources: [a.yaml]\n');
  const inline = fc
    .tuple(
      fc.constantFrom(
        'PatchTransformer',
        'ConfigMapGenerator',
        'ReplacementTransformer',
        'PatchStrategicMergeTransformer',
        'ThingList',
      ),
      fc.constantFrom(...keys),
      value,
    )
    .map(([kind, key, path]) => `apiVersion: builtin\nkind: ${kind}\nmetadata: {name: x}\n${key}: ${path}\nfiles: [a.yaml]\n`);
  const field = fc.oneof(
    harmless,
    inline.map((text) => `generators: [${JSON.stringify(text)}]\n`),
    inline.map((text) => `transformers:\n- ${JSON.stringify(text)}\n`),
    fc
      .tuple(fc.constantFrom(...keys), fc.array(fc.oneof(value, inline), { maxLength: 3 }))
      .map(([key, paths]) => `${key}: ${JSON.stringify(paths)}\n`),
    fc
      .tuple(fc.constantFrom(...keys), fc.constantFrom(...keys), value)
      .map(([key, inner, path]) => `${key}: [{ name: x, ${inner}: ${path} }]\n`),
    fc
      .array(fc.oneof(value, fc.constantFrom(...keys), fc.constantFrom(...marks)), { maxLength: 8 })
      .map((all) => `${all.join('')}\n`),
  );
  const texts = fc.array(field, { minLength: 1, maxLength: 3 }).map((all) => all.join(''));
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(texts, texts, async (text, other) => {
      const files: Entries = {
        'app/kustomization.yaml': text,
        'app/a.yaml': configMap('a'),
        'app/b.yaml': other,
        'app/sub/kustomization.yaml': other,
      };
      const { units } = await unitsOf(files);
      for (const unit of units) {
        passed += 1;
        const root = folder();
        await checkOut(root, Object.fromEntries(unit.files.map(({ path }) => [path, files[path] ?? ''])));
        await buildIn(join(root, unit.directory), { PATH: trap.programs });
        expect(trap.isSprung()).toBe(false);
      }
    }),
    { numRuns: RUNS },
  );
  console.log(`random kustomizations: ${RUNS} tried, ${passed} given to kustomize`);
}, 1_200_000);
