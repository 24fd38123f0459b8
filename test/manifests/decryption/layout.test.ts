import { describe, expect, test } from 'vitest';
import type { Format } from '../../../src/manifests/decryption/format.ts';
import { layoutOf } from '../../../src/manifests/decryption/layout/layout-of.ts';

const AGE = '    age:\n        - recipient: age1x\n          enc: |\n            -----BEGIN-----\n            abc\n';
const METADATA = `sops:\n${AGE}    lastmodified: "2030-01-01T00:00:00Z"\n    mac: ENC[x]\n`;
const VALUE = {
  age: [{ recipient: 'age1x', enc: '-----BEGIN-----\nabc\n' }],
  lastmodified: '2030-01-01T00:00:00Z',
  mac: 'ENC[x]',
};
const OTHER = { mac: 'other', age: [{ recipient: 'age1y', enc: 'two\nlines' }] };

describe('metadata are found where sops writes them, and replaced there alone', () => {
  test.each<readonly [Format, string, string]>([
    ['yaml', `a: b\n${METADATA}`, `a: b\nsops: ${JSON.stringify(OTHER)}\n`],
    ['yaml', `${METADATA}"a b": c\n`, `sops: ${JSON.stringify(OTHER)}\n"a b": c\n`],
    ['yaml', `"\\"\\t": c\n'it''s': c\na#b: c\n${METADATA}`, `"\\"\\t": c\n'it''s': c\na#b: c\nsops: ${JSON.stringify(OTHER)}\n`],
    [
      'yaml',
      `# one\n---\na: |\n    text\n\n    sops:\n        b: c\n${METADATA}---\na:\n- sops: 1\n${METADATA}`,
      `# one\n---\na: |\n    text\n\n    sops:\n        b: c\nsops: ${JSON.stringify(OTHER)}\n---\na:\n- sops: 1\nsops: {}\n`,
    ],
    [
      'json',
      `{"a": {"sops": "\\"}"}, "sops": ${JSON.stringify(VALUE)}, "b": [1]}`,
      `{"a": {"sops": "\\"}"}, "sops":${JSON.stringify(OTHER)}, "b": [1]}`,
    ],
    ['binary', `{"data": "x", "\\u0073ops":${JSON.stringify(VALUE)}}`, `{"data": "x", "\\u0073ops":${JSON.stringify(OTHER)}}`],
    [
      'dotenv',
      'A=1\nsops_mac=ENC[x]\nsops_age__list_0__map_enc=-----BEGIN-----\\nabc\\n\nsops_age__list_0__map_recipient=age1x\nsops_lastmodified=2030-01-01T00:00:00Z\n',
      'A=1\nsops_mac=other\nsops_age__list_0__map_recipient=age1y\nsops_age__list_0__map_enc=two\\nlines\n',
    ],
    [
      'ini',
      '[a]\nb = c\n\n[sops]\nmac = ENC[x]\nage__list_0__map_enc       = -----BEGIN-----\\nabc\\n\nage__list_0__map_recipient = age1x\nlastmodified = `2030-01-01T00:00:00Z`\n',
      '[a]\nb = c\n\n[sops]\nmac = other\nage__list_0__map_recipient = age1y\nage__list_0__map_enc = two\\nlines\n',
    ],
  ])('%s: %j', (format, text, replaced) => {
    const layout = layoutOf('a', format, text);
    expect(layout?.metadata).toEqual(VALUE);
    expect(layout?.with(OTHER)).toBe(replaced);
  });
});

test('a value of metadata stays one value where sops reads it', () => {
  const layout = layoutOf('a', 'ini', '[a]\r\n; c\r\nx = `1#2`\r\ny = "1"\r\nz =\r\n\r\n[sops]\r\nmac = `1\\`\r\n');
  expect(layout?.metadata).toEqual({ mac: '1\\' });
  expect(layout?.with({ mac: '1\\', a: '', b: ' c', d: '#', e: '"""', f: "'g'", h: 'i "j"' })).toBe(
    '[a]\n; c\nx = `1#2`\ny = "1"\nz =\n\n[sops]\nmac = `1\\`\na = \nb = ` c`\nd = `#`\ne = `"""`\nf = `\'g\'`\nh = i "j"\n',
  );
});

test.each<readonly [Format, string]>([
  ['yaml', 'a: b\n'],
  ['yaml', 'about: use sops for secrets\nb: ENC[AES256_GCM,\n'],
  ['yaml', '- a\n- ENC[AES256_GCM,\n'],
  ['json', '{"a": {"sops": {"mac": "x"}}}'],
  ['json', 'no JSON'],
  ['binary', 'any text about sops and ENC[AES256_GCM,'],
  ['dotenv', 'A=sops_mac=1\n'],
  ['ini', '[a]\nsops = 1\n'],
  ['ini', '[a]\n; as in [sops]\nb = 1\n'],
  ['ini', 'any text \\'],
])('a file without metadata is not encrypted: %s %j', (format, text) => {
  expect(layoutOf('a', format, text)).toBeUndefined();
});

describe('a file that could have metadata in a second place is refused', () => {
  test.each<readonly [Format, string]>([
    ['yaml', `a: b\n${METADATA}${METADATA}`],
    ['yaml', `a: b\n${METADATA}"sops":\n    mac: y\n`],
    ['yaml', `a: b\n${METADATA}'sops': {}\n`],
    ['yaml', `a: b\n${METADATA}"\\x73ops": {}\n`],
    ['yaml', `a: b\n${METADATA}!!str sops: {}\n`],
    ['yaml', `a: b\n${METADATA}&x sops: {}\n`],
    ['yaml', `a: b\n${METADATA}? sops\n: {}\n`],
    ['yaml', `a: &x {sops: {}}\n<<: *x\n${METADATA}`],
    ['yaml', `{a: b, sops: {mac: x}}\n`],
    ['yaml', `  a: "x\n${METADATA}  "\n  sops: {}\n`],
    ['yaml', `a: "x\n${METADATA}b"\n`],
    ['yaml', `%YAML 1.1\n---\n${METADATA}`],
    ['yaml', `--- {sops: {}}\n---\n${METADATA}`],
    ['yaml', `a: b\u2028sops : {}\n${METADATA}`],
    ['yaml', `a: b\rsops: {}\r${METADATA}`],
    ['yaml', 'sops:\n    a: *unknown\n'],
    ['yaml', `sops:\n    mac: ${'x'.repeat(300_000)}\n`],
    ['json', `{"sops": {}, "sops": {"mac": "x"}}`],
    ['json', `{"sops": {}, "\\u0073ops": {"mac": "x"}}`],
    ['dotenv', 'sops_mac=1\nsops_mac=2\n'],
    ['dotenv', 'sops_mac\n'],
    ['ini', '[sops]\nmac = 1\n[ sops ]\nmac = 2\n'],
    ['ini', '[sops]\nmac = """1\n'],
    ['ini', '[sops]\nmac = 1 \\\n'],
    ['ini', '[sops]\nmac = `1\n'],
    ['ini', '[sops]\nmac = 1`2\n'],
    ['ini', '[sops]\nmac = 1 # 2\n'],
    ['ini', "[sops]\nmac = '1'\n"],
    ...['\u0085', '\u00A0', '\u2003', '\u2028', '\u3000', '\uFEFF', '\f', '\v', '\r', '\0'].map(
      (space) => ['ini', `[a]\nx = 1\n${space}[sops]\nmac = 1\n[b]\n[sops]\nmac = 2\n`] as const,
    ),
    ...[
      'x = 1 \\',
      'x = 1 # 2 \\',
      'x = \\\u00A0',
      'x = """1',
      'x = `1',
      'x : `1',
      '"x" = 1',
      '`x` = 1',
      '"""x""" = 1',
      'x',
      '= 1',
      '[sops] # ]',
      '[sops',
      '[ sops ]',
      '[a] b]',
      '[]',
    ].map((line) => ['ini', `[a]\n${line}\n[sops]\nmac = 1\n`] as const),
    ['ini', `[sops]\na${'__list_0'.repeat(8)} = 1\n`],
  ])('%s: %j', (format, text) => {
    expect(() => layoutOf('a', format, text)).toThrow(expect.objectContaining({ code: 'decryption/bad-metadata' }));
  });
});

test.each(['sops_a', 'sops_a__map_b'])('a long name is refused, however long it is: %s', (name) => {
  expect(() => layoutOf('a', 'dotenv', `${name}${'__map_a'.repeat(36_000)}=1\n`)).toThrow(
    expect.objectContaining({ code: 'decryption/bad-metadata' }),
  );
});
