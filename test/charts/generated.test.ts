import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { fluxManifests } from '../../src/cli/install/manifests.ts';

const root = join(import.meta.dirname, '../..');
const chart = (file: string) => readFileSync(join(root, 'charts/flux', file), 'utf8');

test('README and schema of the chart are what its values say', () => {
  const tool = join(root, 'tools/chart/generate.mjs');
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toBe('');
});

test('the chart has the version of the package', () => {
  expect(load(chart('Chart.yaml'))).toMatchObject({ version: packageJson.version, appVersion: packageJson.version });
});

test('manifests/ hold what fluxctl install prints, but for the flags that it is given', () => {
  const documents = (yaml: string) => yaml.split('---\n').filter((document) => document !== '');
  const unset = ['git-url', 'git-path', 'git-readonly', 'git-label', 'manifest-generation', 'registry-disable-scanning'];
  const printed = fluxManifests({
    namespace: 'flux',
    image: `localhost/fluxd:${packageJson.version}`,
    flags: {
      ...Object.fromEntries(unset.map((flag) => [flag, undefined])),
      'git-user': 'Weave Flux',
      'git-email': 'support@weave.works',
      'git-branch': 'master',
    },
  });
  const [namespace, ...held] = documents(readFileSync(join(root, 'manifests/install.yaml'), 'utf8'));
  expect(namespace).toContain('kind: Namespace');
  expect(held.sort()).toEqual(Object.values(printed).flatMap(documents).sort());
});

test.each(['rules/flux.yaml', 'dashboards/flux.json'])('every metric in %s is one that fluxd serves', (file) => {
  const documented = new Set(readFileSync(join(root, 'docs/metrics.md'), 'utf8').match(/(?<=^\| `)flux_\w+/gm));
  const used = chart(file).match(/\bflux_\w+/g) ?? [];
  expect(used.length).toBeGreaterThan(8);
  // A histogram has a series of its count.
  expect(used.filter((name) => !documented.has(name) && !documented.has(name.replace(/_(count|sum|bucket)$/, '')))).toEqual([]);
});

test('docs/metrics.md lists the alerts', () => {
  const names = (text: string, pattern: RegExp) => [...new Set(text.match(pattern))].sort();
  const told = names(readFileSync(join(root, 'docs/metrics.md'), 'utf8'), /(?<=^\| `)Flux\w+/gm);
  expect(told).toEqual(names(chart('rules/flux.yaml'), /(?<=alert: )\w+/g));
});
