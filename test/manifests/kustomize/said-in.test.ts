import { expect, test } from 'vitest';
import { saidIn } from '../../../src/manifests/kustomize/said-in.ts';

const files = ['app/kustomization.yaml', 'app/p.yaml', 'app/x/p.yaml', 'base/b.yaml'].map((path) => ({
  path,
  mode: '100644',
  blob: path,
  size: 1,
}));

test.each([
  [
    'literal sources [hunter2]: invalid literal source hunter2, expected key=value',
    'literal sources: invalid literal source: expected key=value',
  ],
  [
    'with config: `\npatch: hunter2\n`: unable to parse SM or JSON patch from [patch: "hunter2"]',
    'unable to parse SM or JSON patch',
  ],
  [
    "resources from 'b.yaml': MalformedYAMLError: yaml: line 7: did not find expected key in File: b.yaml",
    'MalformedYAMLError: line 7: did not find expected key in base/b.yaml',
  ],
  ["resources from 'p.yaml': missing Resource metadata", 'missing Resource metadata in p.yaml'],
  ["path '../base/b.yaml': hunter2", 'in base/b.yaml'],
  ['Error: hunter2', ''],
  ['', ''],
])('of %j, only known phrases, lines and paths are shown', (stderr, said) => {
  expect(saidIn(stderr, { files })).toBe(said);
});
