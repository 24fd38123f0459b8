import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editAnnotations } from '../../src/manifests/edit-annotations.ts';
import type { EditTarget } from '../../src/manifests/index.ts';
import { editContainerImage } from './edit-one.ts';

/* Files whose brackets and quotes end left of where YAML 1.2 wants them, which Kubernetes reads all the same. */

const BOT: EditTarget = { document: 1, kind: 'Deployment', name: 'bot' };
const HEAD = '# c\n---\nkind: Deployment\nmetadata:\n  name: bot\n';

describe('only the value changes in a file that is laid out as no YAML 1.2', () => {
  test.each<[string, string]>([
    ['brackets at the column of their key', 'spec: {template: {spec: {containers: [\n  {name: a, image: x:1},\n]}}}\nx: {\n}\n'],
    [
      'brackets left of their key',
      'spec:\n  template:\n    spec:\n      containers: [\n{name: a,\nimage: x:1 # x:1\n},\n]\n      x: "\n"\n',
    ],
    [
      'before it and behind it',
      'a: [\n]\nspec:\n  template:\n    spec:\n      containers:\n      - image: x:1\n        name: a\nb: {\n}\n',
    ],
    [
      'tabs and comments that touch',
      'a:\t{}# c\nb: "it\\\'s"\nspec: {template: {spec: {\n\tcontainers: [# c\n{name: a ,# c\n\timage:\tx:1\t}\n]}}}\n',
    ],
    [
      'quotes over lines',
      "spec:\n  template:\n    spec:\n      containers:\n      - args: ['\n\n']\n        image: x:1\n        name: a\n",
    ],
  ])('%s', (_, rest) => {
    for (const text of [HEAD + rest, (HEAD + rest).replaceAll('\n', '\r\n')]) {
      expect(editContainerImage(text, BOT, 'a', 'x:2')).toBe(text.replace('x:1', 'x:2'));
      const line = text.includes('\r') ? '\r\n' : '\n';
      expect(editAnnotations(text, BOT, new Map([['k', 'v']]))).toBe(
        text.replace(`name: bot${line}`, `name: bot${line}  annotations:${line}    k: v${line}`),
      );
    }
  });

  test.each<[string, string, string]>([
    ['one line each', 'annotations: {\na: b\n}', 'annotations: {\na: b, k: v\n}'],
    ['none', 'annotations: {\n}', 'annotations:\n    k: v'],
    ['a comma at the end', 'annotations: {\n  a: b,\n}', 'annotations: {\n  a: b,\n  k: v,\n}'],
    ['a value over lines', 'annotations: {a: "\n"\n}', 'annotations: {a: "\n", k: v\n}'],
  ])('annotations in brackets: %s', (_, before, after) => {
    const text = (annotations: string) => `kind: X\nmetadata:\n  name: web\n  ${annotations}\n`;
    const target = { document: 1, kind: 'X', name: 'web' };
    expect(editAnnotations(text(before), target, new Map([['k', 'v']]))).toBe(text(after));
  });

  test('whatever the columns of its lines', () => {
    const word = fc.constantFrom('a', "it's", 'x #y', '[', '}', '"', ': ', '\\', 'é😀', '---');
    const json = fc.record({ args: fc.array(word), env: fc.dictionary(word, word), more: fc.jsonValue({ maxDepth: 3 }) });
    fc.assert(
      fc.property(json, fc.array(fc.nat(8), { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (parts, columns, eol) => {
        const object = (image: string) => ({
          kind: 'Deployment',
          metadata: { name: 'bot' },
          before: parts,
          spec: { template: { spec: { containers: [{ ...parts, name: 'a', image }] } } },
        });
        const laidOut = (image: string) =>
          JSON.stringify(object(image), null, 1)
            .split('\n')
            .map((line, n) => (n === 0 ? '' : ' '.repeat(columns[n % columns.length] ?? 0)) + line.trimStart())
            .join(eol);
        fc.pre(!/__proto__|[\x7f-\x9f\ufffe\uffff]|\\ud[89a-f]/.test(laidOut('x:1')));
        expect(editContainerImage(laidOut('x:1'), BOT, 'a', 'x:2')).toBe(laidOut('x:2'));
        const list = (image: string) => `kind: List${eol}items:${eol}- ${laidOut(image)}${eol}- ${laidOut('x:1')}`;
        expect(editContainerImage(list('x:1'), { ...BOT, item: 1 }, 'a', 'x:2')).toBe(list('x:2'));
      }),
      { numRuns: 200 },
    );
  });
});
