import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../ui');
const imports = globSync('**/*.{ts,tsx}', { cwd: root }).flatMap((file) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/import (type )?[^;]*? ?from '([^']+)'/g)].map(
    ([, type, specifier = '']) => ({
      file,
      isType: type !== undefined,
      specifier,
    }),
  ),
);

test('the page knows the daemon by the types of the wire alone, and no packages but preact and dagre', () => {
  expect(imports.length).toBeGreaterThan(30);
  const others = imports.filter(({ isType, specifier }) =>
    specifier.includes('/src/') ? !isType || !specifier.endsWith('/src/api/wire/index.ts') : false,
  );
  expect(others).toEqual([]);
  const packages = new Set(imports.map(({ specifier }) => specifier).filter((specifier) => !specifier.startsWith('.')));
  expect([...packages].sort()).toEqual(['@dagrejs/dagre', '@preact/signals', 'preact', 'preact/hooks']);
});

test('the page makes no markup of text', () => {
  const sources = globSync('**/*.{ts,tsx}', { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'));
  expect(sources.filter((text) => /innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc/.test(text))).toEqual([]);
});
