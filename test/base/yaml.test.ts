import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dumpYaml, formatScalar, isExactNumber, type JsonValue, parseYamlDocuments } from '../../src/base/index.ts';

function readAll(text: string) {
  return [...parseYamlDocuments(text)];
}

function readOne(text: string): JsonValue {
  const [document, ...rest] = readAll(text);
  if (!document || document.error || rest.length > 0) throw document?.error ?? new Error(`${rest.length + 1} documents`);
  return document.value;
}

function values(text: string): unknown[] {
  return readAll(text).map((document) => (document.error ? document.error.code : document.value));
}

describe('a stream of documents', () => {
  test.each<[string, string, unknown[]]>([
    ['nothing', '', []],
    ['only comments', '# a\n\n  # b\n', []],
    ['only a byte order mark', '\uFEFF', []],
    ['markers with nothing between', '---\n---\n', [null, null]],
    ['one document without a marker', 'a: 1\n', [{ a: 1 }]],
    ['no final newline', '---\na: 1', [{ a: 1 }]],
    ['comments before the first marker', '# c\n\n---\na: 1\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['content on the marker line', '--- {a: 1}\n--- [b]\n--- # c\nd: 1\n', [{ a: 1 }, ['b'], { d: 1 }]],
    ['end markers', 'a: 1\n...\n---\nb: 2\n...\n...\n# c\n', [{ a: 1 }, { b: 2 }]],
    ['a bare document after an end marker', 'a: 1\n...\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['directives', '%YAML 1.1\n---\na: 1\n...\n%YAML 1.1\n# c\n---\nb: 2\n', [{ a: 1 }, { b: 2 }]],
    ['markers in a block scalar', 'a: |\n  ---\n  x\n  ...\nb: 2\n', [{ a: '---\nx\n...\n', b: 2 }]],
    ['dashes that are no marker', '---a: 1\n----: 2\n', [{ '---a': 1, '----': 2 }]],
    ['CRLF', '---\r\na: "x"\r\nb: |\r\n  y\r\n---\r\nc: 1\r\n', [{ a: 'x', b: 'y\n' }, { c: 1 }]],
    ['a byte order mark', '\uFEFF---\na: 1\n', [{ a: 1 }]],
    ['anchors do not cross documents', 'a: &x 1\n---\nb: *x\n', [{ a: 1 }, 'yaml/bad-alias']],
    [
      'a broken document between good ones',
      'a: 1\n---\nb: [\n---\nc: "\n---\nd: 4\n',
      [{ a: 1 }, 'yaml/bad-syntax', 'yaml/bad-syntax', { d: 4 }],
    ],
  ])('%s', (_, text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  test('errors name line and column in the whole stream, and never quote the text', () => {
    const [, broken] = readAll('a: 1\n---\nb:\n  password: hunter2\n\tx: hunter3\n');
    expect(broken).toMatchObject({ number: 2, line: 5 });
    expect(broken?.error?.message).toBe('malformed YAML: tab characters must not be used in indentation');
    expect(`${broken?.error?.stack}${broken?.error?.cause}`).not.toContain('hunter');
  });

  test('errors behind brackets that end left of their key name the place in the file', () => {
    const [document] = readAll('a: {\nb: 1,\n}\nc: [\n1,\n  "x\n" y]\n');
    expect(document).toMatchObject({
      line: 7,
      column: 3,
      error: { message: 'malformed YAML: missed comma between flow collection entries' },
    });
  });

  test.each([
    ['an unknown alias', 'password: *CANARY\n'],
    ['an anchor that contains itself', 'password: &CANARY [*CANARY]\n'],
    ['the name of an anchor', 'password: &CANARY.x 1\n'],
    ['two anchors', 'password: &CANARY &x 1\n'],
    ['an undeclared handle of tags', 'password: !CANARY!x\n'],
    ['a handle', 'password: !CAN,ARY!x CANARY\n'],
    ['a tag', 'password: !CANARY^x 1\n'],
    ['a tag in full', 'password: !<CANARY^> 1\n'],
    ['a tag with a comma', 'password: [!CANARY, 1]\n'],
    ['a tag of YAML', 'password: !!int CANARY\n'],
    ['a directive', '%TAG CANARY CANARY\n---\npassword: 1\n'],
    ['another directive', '%YAML CANARY\n---\npassword: 1\n'],
    ['a tag given twice as a handle', '%TAG !CANARY! x\n%TAG !CANARY! y\n---\npassword: 1\n'],
    ['an escape', 'password: "\\CANARY"\n'],
    ['quotes that do not end', 'password: "CANARY\n'],
    ['text behind quotes', 'password: "x"CANARY\n'],
    ['a map on the line of its key', 'password: CANARY: x\n'],
    ['a merge', 'password: {<<: CANARY}\n'],
    ['a key that is a list', 'password: {[CANARY]: x}\n'],
    ['control characters', 'password: CANARY\u0001\n'],
  ])('no error quotes the text: %s', (_, text) => {
    const { error } = readAll(text)[0] ?? {};
    expect(error).toBeDefined();
    expect(JSON.stringify([error, error?.message, error?.help, error?.stack, error?.cause])).not.toContain('CANARY');
  });

  test('a key given twice in a merged map is a warning where that map is written', () => {
    const text = [
      'a: &a',
      '  1: x',
      '  !!str 1: z',
      'b:',
      '  <<: [*a, {k: 1, k: 2}]',
      'c:',
      '  <<:',
      '    1: x',
      "    '1': z",
      '',
    ].join('\n');
    const [document] = [...parseYamlDocuments(text)];
    if (!document || document.error) throw new Error('it is read');
    expect(document.value).toEqual({ a: { 1: 'z' }, b: { 1: 'z', k: 2 }, c: { 1: 'z' } });
    expect(document.warnings.map(({ key, line }) => [key, line])).toEqual([
      ['1', 3],
      ['k', 5],
      ['1', 9],
    ]);
  });

  test('a key given twice is a warning with its line, and the last one counts', () => {
    const [document] = readAll('# c\na: 1\nb: {c: 1, "c": 2}\na: 3\n');
    expect(document).toMatchObject({
      value: { a: 3, b: { c: 2 } },
      warnings: [
        { key: 'c', line: 3, column: 11, message: 'key "c" is given twice; the last one applies' },
        { key: 'a', line: 4, column: 1 },
      ],
    });
  });
});

test('a merge key that replaces a key before it is a warning, as Kubernetes reads it so', () => {
  const [document] = readAll('base: &b {a: 2}\nx:\n  a: 1\n  <<: *b\ny2:\n  <<: *b\n  a: 1\n');
  expect(document).toMatchObject({
    value: { x: { a: 2 }, y2: { a: 1 } },
    warnings: [{ key: 'a', line: 4, column: 3, message: 'key "a" is overridden by the merge key after it' }],
  });
});

describe('values', () => {
  test('integers beyond 2^53 keep all their digits', () => {
    const value = readOne('[9007199254740993, -9223372036854775808, 18446744073709551615, 0x7fffffffffffffff]');
    expect(JSON.stringify(value)).toBe('[9007199254740993,-9223372036854775808,18446744073709551615,9223372036854775807]');
    expect(Array.isArray(value) && value.every(isExactNumber)).toBe(true);
    expect(dumpYaml(value)).toBe('- 9007199254740993\n- -9223372036854775808\n- 18446744073709551615\n- 9223372036854775807\n');
  });

  test('aliases are copied: no two places share an object', () => {
    const { a, b } = readOne('a: &x {z: [1]}\nb: *x\n') as Record<string, { z: number[] }>;
    a?.z.push(2);
    expect(b).toEqual({ z: [1] });
  });

  test.each(['__proto__: {x: 1}', 'a: {__proto__: 1}', '{"__proto__": {"x": 1}}', 'a: &x {__proto__: {}}', '"\\x5f_proto__": 1'])(
    'S-022 %s is refused and pollutes nothing',
    (text) => {
      expect(readAll(text)[0]?.error?.code).toBe('yaml/bad-key');
      expect(({} as { x?: unknown }).x).toBeUndefined();
    },
  );

  test('S-022 constructor and prototype are keys like others', () => {
    const value = readOne('constructor: {prototype: {x: 1}}\nprototype: 2\nhasOwnProperty: 3\n');
    expect(JSON.stringify(value)).toBe('{"constructor":{"prototype":{"x":1}},"prototype":2,"hasOwnProperty":3}');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  test('any JSON is read as JSON.parse reads it, tabs included', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1, 4, '\t'), (json, indent) => {
        const text = JSON.stringify(json, null, indent);
        fc.pre(!/[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\\ud[89a-f]|__proto__/.test(text));
        expect(JSON.stringify(readOne(text))).toBe(
          JSON.stringify(JSON.parse(text)).replaceAll(/(?<=[[,:])-0(?=[\],}])|^-0$/g, '0'),
        );
      }),
    );
  });
});

describe('limits', () => {
  const bombs: readonly [string, string][] = [
    [
      'billion laughs',
      `a0: &a0 [x, x, x, x, x, x, x, x, x]\n${chain(
        (i) =>
          `a${i}: &a${i} [${Array(9)
            .fill(`*a${i - 1}`)
            .join(', ')}]`,
        9,
      )}`,
    ],
    [
      'laughs in maps',
      `a0: &a0 {k: lol}\n${chain(
        (i) =>
          `a${i}: &a${i} {${'bcdefghij'
            .split('')
            .map((k) => `${k}: *a${i - 1}`)
            .join(', ')}}`,
        9,
      )}`,
    ],
    ['quadratic', `a: &a "${'x'.repeat(100_000)}"\nb: [${Array(1000).fill('*a').join(', ')}]\n`],
    [
      'merge keys',
      `a0: &a0 {k: lol}\n${chain(
        (i) =>
          `a${i}: &a${i} {<<: [${Array(9)
            .fill(`*a${i - 1}`)
            .join(', ')}]}`,
        9,
      )}`,
    ],
    ['keys', `a: &a "${'k'.repeat(500_000)}"\nb: {${Array.from({ length: 50 }, (_, i) => `${i}: {*a : 1}`).join(', ')}}\n`],
    ['itself', 'a: &a [*a]\n'],
    ['itself by a merge', 'a: &a {<<: *a}\n'],
    ['a long chain', `a0: &a0 [x]\n${chain((i) => `a${i}: &a${i} [*a${i - 1}]`, 5000)}`],
  ];

  test.each(bombs)('S-020 alias bomb: %s', (_, text) => {
    const before = process.memoryUsage().rss;
    expect(readAll(text)[0]?.error?.code).toMatch(/^yaml\/(too-large|too-deep|bad-alias)$/);
    expect(process.memoryUsage().rss - before).toBeLessThan(60 << 20);
  });

  test('S-020 many aliases of bounded size are fine', () => {
    const text = `base: &b {cpu: 100m, memory: 128Mi}\nitems:\n${'- {limits: *b, <<: *b}\n'.repeat(20_000)}`;
    expect(readOne(text)).toHaveProperty('items.length', 20_000);
  });

  test.each(['[', '{a: ', '- ', '? ', '{"a":', '[{a: ', '- - '])('S-021 nesting by %s', (open) => {
    const close = [...open]
      .reverse()
      .map((char) => ({ '[': ']', '{': '}' })[char] ?? '')
      .join('');
    for (const depth of [5_000, 50_000]) {
      expect(readAll(open.repeat(depth) + close.repeat(depth)).map(({ error }) => error?.code)).toEqual(['yaml/too-deep']);
    }
    expect(readAll(`x: ${'['.repeat(100)}${']'.repeat(100)}\n`)[0]?.error).toBeUndefined();
  });

  test('S-021 a small stack is enough', () => {
    const program = `
      const { parseYamlDocuments, dumpYaml } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/base/index.ts'))});
      for (const open of ['[', '{a: ', '- ', '? ', '{"a":']) {
        for (const document of parseYamlDocuments(open.repeat(5000))) console.log(document.error.code);
        const close = open === '[' ? ']' : open.startsWith('{') ? '}' : '';
        for (const document of parseYamlDocuments(open.repeat(140) + 'x' + close.repeat(140)))
          console.log(document.error?.code ?? (JSON.stringify(document.value).length > 140 && dumpYaml(document.value).length > 140));
      }`;
    const child = spawnSync(process.execPath, ['--stack-size=200', '--input-type=module', '-e', program], { encoding: 'utf8' });
    expect(child.stderr).toBe('');
    expect(child.stdout.trim().split('\n')).toEqual(
      ['[', '{a: ', '- ', '? ', '{"a":'].flatMap((open) => ['yaml/too-deep', open === '? ' ? 'yaml/bad-key' : 'true']),
    );
  });

  test('S-025 a document of far too many keys is refused', () => {
    expect(readAll('a:\n'.repeat(300_001))[0]?.error?.code).toBe('yaml/too-large');
  });
});

describe('writing', () => {
  test.each([
    ['acme/web:1.2', 'acme/web:1.2'],
    ['glob:*', 'glob:*'],
    ['regexp:^v[0-9]+', 'regexp:^v[0-9]+'],
    ['semver:>=1.0 <2', 'semver:>=1.0 <2'],
    ['Ann <ann@example.org>', 'Ann <ann@example.org>'],
    ['', "''"],
    ['true', "'true'"],
    ['no', "'no'"],
    ['y', "'y'"],
    ['null', "'null'"],
    ['~', "'~'"],
    ['1.10', "'1.10'"],
    ['0.4.12', '0.4.12'],
    ['1.2.3-4', '1.2.3-4'],
    ['2.0.0e1', '2.0.0e1'],
    ['7f3a', '7f3a'],
    ['1,2', '1,2'],
    ['1e400', "'1e400'"],
    ['0x', '0x'],
    ['0xfffffffffffffffffff', "'0xfffffffffffffffffff'"],
    ['1e9', "'1e9'"],
    ['.5', "'.5'"],
    ['0777', "'0777'"],
    ['1_000', "'1_000'"],
    ['12:30:45', "'12:30:45'"],
    ['2001-01-01', "'2001-01-01'"],
    ['0o17', "'0o17'"],
    ['1e3', "'1e3'"],
    ['=', "'='"],
    ['<<', "'<<'"],
    ['a: b', "'a: b'"],
    ['a #b', "'a #b'"],
    ['a#b', 'a#b'],
    ['a=b', 'a=b'],
    ["it's", "it's"],
    ["'it", "'''it'"],
    ['*x', "'*x'"],
    ['- x', "'- x'"],
    ['-x', '-x'],
    ['---', "'---'"],
    [' x', "' x'"],
    ['x:', "'x:'"],
    ['a\nb', '"a\\nb"'],
    ['a\tb', '"a\\tb"'],
    ['é☃😀', 'é☃😀'],
    ['\u007f\u2028\u{E0001}', '"\\u007f\\u2028\\U000e0001"'],
  ])('%j is written as %s', (text, expected) => {
    expect(formatScalar(text)).toBe(expected);
  });

  test.each([
    ['a?b', "'a?b'"],
    ['a,b', "'a,b'"],
    [':b', "':b'"],
    ['acme/web:1', 'acme/web:1'],
  ])('%j is written as %s in flow style, as kubectl needs it', (text, expected) => {
    expect(formatScalar(text, { flow: true })).toBe(expected);
  });

  test('what is written is read back, in every style, in block and flow', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom(...'ab01 \t\n\r:#-?*&!|>%@`\'"{}[],=~._<é\u0085\u2028\ufeff😀') }),
      fc.constantFrom('yes', 'off', '0x1F', '.5', '1_0', '2001-01-01', '.inf', 'NULL', '+1', '0b1'),
    );
    fc.assert(
      fc.property(hostile, fc.constantFrom('plain', 'single', 'double'), (text, style) => {
        fc.pre(text !== '__proto__');
        expect(readOne(`k: ${formatScalar(text, { style })} # c\n`)).toEqual({ k: text });
        expect(
          readOne(`{${formatScalar(text, { style: 'double' })}: [${formatScalar(text, { style, flow: true })}, x]}`),
        ).toEqual(text === '__proto__' ? undefined : { [text]: [text, 'x'] });
      }),
      { numRuns: 500 },
    );
  });

  test('the canonical form sorts keys, does not indent lists, and keeps text exactly', () => {
    const value = readOne(
      'b: [1, {d: "x\\ny\\n", c: []}]\na: {f: {}, e: ~, "no": "1"}\n"": "\\ta\\nb"\nc: "k\\n\\n"\nd: [[1, 2], []]\n',
    );
    expect(dumpYaml(value)).toBe(
      "'': \"\\ta\\nb\"\na:\n  e: null\n  f: {}\n  'no': '1'\nb:\n- 1\n- c: []\n  d: |\n    x\n    y\nc: |+\n  k\n\nd:\n- - 1\n  - 2\n- []\n",
    );
  });

  test('the canonical form quotes what it always did, as checksums in clusters were taken of it', () => {
    expect(dumpYaml({ a: '0.4.12', b: '7f3a', 1.5: '1,2' })).toBe("'1.5': '1,2'\na: '0.4.12'\nb: '7f3a'\n");
  });

  test('any JSON survives the canonical form', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (json) => {
        fc.pre(!JSON.stringify(json).includes('__proto__'));
        const plain = JSON.parse(JSON.stringify(json).replaceAll(/(?<=[[,:])-0(?=[\],}])|^-0$/g, '0'));
        expect(JSON.parse(JSON.stringify(readOne(dumpYaml(plain))))).toEqual(plain);
        expect(dumpYaml(readOne(JSON.stringify(plain)))).toBe(dumpYaml(plain));
      }),
    );
  });
});

function chain(line: (index: number) => string, count: number): string {
  return Array.from({ length: count - 1 }, (_, index) => `${line(index + 1)}\n`).join('');
}
