import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dumpYaml, isJsonMap, type JsonMap, type JsonValue, parseYamlDocuments } from '../../../../src/base/index.ts';
import { addToValues, setInText } from '../../../../src/manifests/helm/edit/edit-values.ts';
import { type ProposalRequest, proposeEdits } from '../../../../src/manifests/helm/edit/propose.ts';
import type { ValuesText } from '../../../../src/manifests/helm/edit/values-layers.ts';
import { valueAt } from '../../../../src/resource/index.ts';

const file = (text: string, name = 'values.yaml', isOwn = true): ValuesText => ({ name, text, within: [], isOwn });
const inline = (text: string, isOwn = true): ValuesText => ({ name: '.flux.yaml', text, within: ['helm', 'values'], isOwn });
const chart = (values: string, folder = '', more = 'name: web\n') => ({ folder, chart: more, values });
const CONFIG = 'version: 1\nhelm: {chart: c}\n';

/** The proposals for an update of `a:1`, each with its texts by name. */
function proposed(request: Partial<ProposalRequest>) {
  const { proposals, why } = proposeEdits({ charts: [], texts: [], from: 'a:1', to: 'a:2', ...request });
  const texts = proposals.map((edits) => Object.fromEntries(edits.map(({ path, content }) => [path, content])));
  return why === undefined ? texts : why;
}

describe('the edits that are proposed', () => {
  test.each<[string, Partial<ProposalRequest>, unknown]>([
    ['the text that gives the value', { texts: [file('image: a:1\n', 'x'), file('b: c\n', 'y')] }, [{ x: 'image: a:2\n' }]],
    ['the last text that gives it', { texts: [file('image: a:1\n', 'x'), file('image: a:1\n', 'y')] }, [{ y: 'image: a:2\n' }]],
    [
      'inline values, which win',
      { texts: [file('image: a:0\n'), inline('helm: {values: {image: "a:1"}}\n')] },
      [{ '.flux.yaml': 'helm: {values: {image: "a:2"}}\n' }],
    ],
    [
      'a value of the chart is added to the last file',
      { charts: [chart('image: a:1\n')], texts: [file('b: c\n', 'x'), file('d: e\n', 'y'), inline(CONFIG)] },
      [{ y: 'd: e\nimage: a:2\n' }],
    ],
    [
      'or to the inline values',
      { charts: [chart('image: a:1\n')], texts: [inline('helm:\n  chart: c # ours\n')] },
      [{ '.flux.yaml': 'helm:\n  chart: c # ours\n  values:\n    image: a:2\n' }],
    ],
    [
      'one of a shared file to what wins over it',
      { texts: [file('b: c\n', 'x'), file('image: a:1\n', 'shared', false), inline(CONFIG)] },
      [{ '.flux.yaml': 'version: 1\nhelm: {chart: c, values: {image: "a:2"}}\n'.replaceAll('"', '') }],
    ],
    [
      'one of a subchart below its name',
      { charts: [chart(''), chart('image: a:1\n', 'charts/x-1.0.tgz', 'name: sub\n')], texts: [file('')] },
      [{ 'values.yaml': 'sub:\n  image: a:2\n' }],
    ],
    [
      'one of a subchart below its alias',
      {
        charts: [
          chart('', '', 'dependencies: [{name: sub, alias: other}]\n'),
          chart('image: a:1\n', 'charts/sub', 'name: sub\n'),
        ],
        texts: [file('')],
      },
      [{ 'values.yaml': 'other:\n  image: a:2\n' }],
    ],
    [
      'one of a subchart of a subchart',
      {
        charts: [chart('', 'charts/a/charts/b', 'name: b\n'), chart('b: {image: "a:1"}\n', 'charts/a', 'name: a\n'), chart('')],
        texts: [file('')],
      },
      [{ 'values.yaml': 'a:\n  b:\n    image: a:2\n' }],
    ],
    [
      'values of the chart win over those of its subchart',
      { charts: [chart('sub: {image: "a:1"}\n'), chart('image: a:0\n', 'charts/sub', 'name: sub\n')], texts: [file('# none')] },
      [{ 'values.yaml': '# none\nsub:\n  image: a:2\n' }],
    ],
    [
      'what is there goes before what has to be added',
      { charts: [chart('x: {image: "a:1"}\n')], texts: [file('z: {image: "a:1"}\n')] },
      [{ 'values.yaml': 'z: {image: "a:2"}\n' }, { 'values.yaml': 'z: {image: "a:1"}\nx:\n  image: a:2\n' }],
    ],
    [
      'one place in place and added',
      { charts: [chart('i: {repository: a, tag: ""}\n')], texts: [file('i: {repository: a}\n')], to: 'b:2' },
      [{ 'values.yaml': 'i: {repository: b, tag: "2"}\n'.replaceAll('"', "'") }],
    ],
    [
      'what is named alone',
      { texts: [file('image: a:1\nb: "1"\n')], named: { tag: 'b' } },
      [{ 'values.yaml': 'image: a:1\nb: "2"\n' }],
    ],
    ['an empty text', { charts: [chart('image: a:1\n')], texts: [file('')] }, [{ 'values.yaml': 'image: a:2\n' }]],
    [
      'a byte order mark',
      { charts: [chart('image: a:1\n')], texts: [file('\uFEFF')] },
      [{ 'values.yaml': '\uFEFFimage: a:2\n' }],
    ],
    [
      'a comment with CRLF',
      { charts: [chart('i: {image: "a:1"}\n')], texts: [file('# a\r\n')] },
      [{ 'values.yaml': '# a\r\ni:\r\n  image: a:2\r\n' }],
    ],
    ['no values', {}, 'no place in the values has a:1 by the conventions'],
    [
      'no text that may be edited',
      { texts: [file('image: a:1\n', 'x', false), inline(CONFIG, false)] },
      'image in the values cannot be changed alone in a file that only this folder has',
    ],
    [
      'a list of the chart',
      { charts: [chart('l: [{image: "a:1"}]\n')], texts: [file('b: c\n')] },
      'l.0.image in the values cannot be changed alone in a file that only this folder has',
    ],
    [
      'null in the place of a map',
      { charts: [chart('i: {image: "a:1"}\n')], texts: [file('i:\n')] },
      'no place in the values has a:1 by the conventions',
    ],
    [
      'a map that another place shares',
      { texts: [file('x: &x {image: "a:1"}\ny: *x\n')] },
      'x.image in the values cannot be changed alone in a file that only this folder has',
    ],
    [
      'fields that cannot hold it',
      { texts: [file('image: {registry: r.io, repository: a, tag: "1"}\n')], from: 'r.io/a:1', to: 'a:2' },
      'the fields that have r.io/a:1 cannot hold a:2',
    ],
    ['two documents', { texts: [file('image: a:1\n---\nb: c\n')] }, [{ 'values.yaml': 'image: a:2\n---\nb: c\n' }]],
  ])('%s', (_, request, expected) => {
    expect(proposed(request)).toEqual(expected);
  });

  test('a text that is no YAML is named', () => {
    expect(() => proposed({ texts: [file('a: [', 'shop/values.yaml')] })).toThrow('shop/values.yaml: ');
    expect(() => proposed({ charts: [chart('a: [')] })).toThrow('values.yaml of the chart in its folder: ');
  });

  test('long texts do not make many proposals', () => {
    const images = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`i${n}`, 'a:1']));
    const { length: few } = proposed({ texts: [file(dumpYaml(images))] });
    expect(few).toBe(20);
    const { length: one } = proposed({ texts: [file(dumpYaml({ ...images, long: 'x'.repeat(5 << 20) }))] });
    expect(one).toBe(1);
  });
});

/** Where a property test puts the image: keys that no convention knows are beside it. */
const key = fc.constantFrom('web', 'api', 'a b', '1', 'true', 'app.kubernetes.io/name', '# x', 'é');
const leaf: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(
  'text',
  '',
  'a: b',
  '1.10',
  'yes',
  7,
  null,
  true,
  'two\nlines\n',
  [],
);
const others = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { maxKeys: 3 })), { maxKeys: 4 });
const tag = fc.constantFrom(
  '1.1',
  '1.10',
  '1e3',
  '0x1F',
  'yes',
  'v2',
  '2026-01-01',
  '1_0',
  `v1@sha256:${'c'.repeat(64)}`,
  'null',
  '~',
);
const style = fc.constantFrom('block', 'double', 'single', 'flow', 'CRLF');

function write(values: JsonMap, how: 'block' | 'double' | 'single' | 'flow' | 'CRLF'): string {
  if (how === 'flow') return `${JSON.stringify(values)} # end\n`;
  const text = `# head\n${dumpYaml(values)}# end\n`;
  if (how === 'CRLF') return text.replaceAll('\n', '\r\n');
  const quote = how === 'double' ? '"' : how === 'single' ? "'" : '';
  return text.replace(/(\btag: ).*/, (_, lead: string) => `${lead}${quote}old${quote} # keep`);
}

function read(text: string): JsonValue {
  const [document] = parseYamlDocuments(text);
  if (!document || document.error) throw new Error(`no YAML: ${text}`);
  return document.value;
}

/** The start and the end that two texts share. */
function changedPart(before: string, after: string) {
  let [start, end] = [0, 0];
  while (start < before.length && before[start] === after[start]) start += 1;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return { old: before.slice(start, before.length - end), new: after.slice(start, after.length - end) };
}

test('an edit in place changes only the characters of the scalar, and reads as was wanted', () => {
  fc.assert(
    fc.property(others, fc.array(key, { maxLength: 3 }), tag, style, (rest, path, to, how) => {
      const image: JsonMap = { repository: 'a', tag: 'old' };
      const nested = path.reduceRight<JsonMap>((inside, each) => ({ ...rest, [each]: inside }), { ...rest, image });
      const text = write(nested, how);
      const at = [...path, 'image', 'tag'];
      const edited = setInText(text, [{ path: at, value: to }]);
      if (edited === undefined) throw new Error(`not edited: ${text}`);
      expect(valueAt(read(edited), at)).toBe(to);
      const back = setInText(edited, [{ path: at, value: 'old' }]);
      expect(read(back ?? '')).toEqual(read(text));
      // Quotes may come with a text that would be a number.
      const part = changedPart(text, edited);
      expect('"old"\'old\'').toContain(part.old);
      expect(part.new.length).toBeLessThanOrEqual(to.length + 2);
      expect(part.new).not.toMatch(/[\r\n]/);
    }),
  );
});

test('an addition adds lines or an entry, keeps every character, and reads as was wanted', () => {
  fc.assert(
    fc.property(others, fc.array(key, { maxLength: 2 }), tag, style, (rest, path, to, how) => {
      const nested = path.reduceRight<JsonMap>((inside, each) => ({ ...rest, [each]: inside }), rest);
      const text = write(nested, how);
      const at = [...path, 'image', 'tag'];
      const edited = addToValues(text, [{ path: at, value: to }]);
      // Only a key that is no map stands in the way.
      const isBlocked = path.some((_, index) => !isJsonMap(valueAt(nested, path.slice(0, index + 1))));
      if (isBlocked || Object.keys(nested).length === 0) return;
      if (edited === undefined) throw new Error(`not added: ${text}`);
      expect(changedPart(text, edited).old).toBe('');
      const wanted = path.reduceRight<JsonMap>((inside, each) => ({ ...rest, [each]: inside }), { ...rest, image: { tag: to } });
      expect(read(edited)).toEqual(wanted);
    }),
  );
});

test('what is proposed gives the image, whichever text has it', () => {
  fc.assert(
    fc.property(others, others, tag, fc.constantFrom('chart', 'file', 'inline'), (one, two, to, where) => {
      const image = { image: { repository: 'a', tag: '1' } };
      const has = (which: string, rest: JsonMap) => dumpYaml({ ...rest, ...(which === where ? image : {}) });
      const charts = [chart(has('chart', one))];
      const config = dumpYaml({ version: 1, helm: { chart: 'c', values: read(has('inline', {})) } });
      const texts = [file(has('file', two)), inline(config)];
      const { proposals, why } = proposeEdits({ charts, texts, from: 'a:1', to: `a:${to}` });
      expect(why).toBeUndefined();
      const [[edit, ...more] = []] = proposals;
      expect(more).toEqual([]);
      expect(edit?.path).toBe(where === 'inline' ? '.flux.yaml' : 'values.yaml');
      const path = where === 'inline' ? ['helm', 'values', 'image', 'tag'] : ['image', 'tag'];
      expect(valueAt(read(edit?.content ?? ''), path)).toBe(to);
    }),
  );
});
