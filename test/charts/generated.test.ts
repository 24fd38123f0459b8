import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const root = join(import.meta.dirname, '../..');
const chart = (file: string) => readFileSync(join(root, 'charts/flux', file), 'utf8');

test('README and schema of the chart are what its values say', () => {
  const tool = join(root, 'tools/chart/generate.mjs');
  expect(execFileSync(process.execPath, [tool, '--check'], { encoding: 'utf8' })).toBe('');
});

test('the chart has the version of the package', () => {
  expect(load(chart('Chart.yaml'))).toMatchObject({ version: packageJson.version, appVersion: packageJson.version });
});

test('every metric of an alert is one that fluxd serves', () => {
  const documented = new Set(readFileSync(join(root, 'docs/metrics.md'), 'utf8').match(/(?<=^\| `)flux_\w+/gm));
  const used = chart('rules/flux.yaml').match(/\bflux_\w+/g) ?? [];
  expect(used.length).toBeGreaterThan(8);
  // A histogram has a series of its count.
  expect(used.filter((name) => !documented.has(name.replace(/_(count|sum|bucket)$/, '')))).toEqual([]);
});
