import { describe, expect, test } from 'vitest';
import { parseConfigFile } from '../../../src/manifests/generation/config-file.ts';

describe('configs that are refused', () => {
  test.each<[string, string, string]>([
    ['an empty file', '', '(root): expected a map'],
    ['another version', 'version: 2\nscanForFiles: {}\n', 'version: expected 1'],
    ['a version as text', 'version: "1"\nscanForFiles: {}\n', 'version: expected 1'],
    ['no way to render', 'version: 1\n', 'expected one of'],
    [
      'both ways',
      'version: 1\ncommandUpdated: {generators: []}\npatchUpdated: {generators: [], patchFile: p}\n',
      'expected one of',
    ],
    ['no generators', 'version: 1\ncommandUpdated: {}\n', 'commandUpdated.generators'],
    ['no patch file', 'version: 1\npatchUpdated: {generators: []}\n', 'patchUpdated.patchFile'],
    ['an empty patch file', 'version: 1\npatchUpdated: {generators: [], patchFile: ""}\n', 'patchUpdated.patchFile'],
    ['a generator that is text', 'version: 1\ncommandUpdated: {generators: [ls]}\n', 'commandUpdated.generators.0'],
    ['a key of the other way', 'version: 1\ncommandUpdated: {generators: [], patchFile: p}\n', 'patchFile'],
    ['a key of scanForFiles', 'version: 1\nscanForFiles: {deep: true}\n', 'scanForFiles'],
    ['a key beside them', 'version: 1\nscanForFiles: {}\nextra: 1\n', 'extra'],
    ['a timeout as number', 'version: 1\ncommandUpdated: {generators: [{command: a, timeout: 3}]}\n', 'generators.0.timeout'],
    [
      'a timeout that is none',
      'version: 1\ncommandUpdated: {generators: [{command: a, timeout: soon}]}\n',
      'generators.0.timeout',
    ],
    ['a list', '- version\n', '(root)'],
    ['YAML that is none', 'version: [1\n', 'line '],
    ['two documents', 'version: 1\nscanForFiles: {}\n---\nversion: 1\n', 'more than one'],
  ])('%s', (_, text, message) => {
    expect(() => parseConfigFile(text)).toThrow(message);
    expect(() => parseConfigFile(text)).toThrow('cannot parse config file: ');
  });

  test('the message quotes no value', () => {
    const text = 'version: 1\ncommandUpdated: {generators: [{command: [s3cret-word], timeout: s3cret-time}]}\n';
    expect(() => parseConfigFile(text)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('s3cret') }));
  });
});

describe('configs that are read', () => {
  test.each<[string, string, unknown]>([
    ['no generator', 'version: 1\ncommandUpdated: {generators: []}\n', { kind: 'commandUpdated', generators: [], updaters: [] }],
    [
      'generators with and without a timeout',
      'version: 1\npatchUpdated:\n  generators: [{command: a}, {command: "b | c", timeout: 3s}, {command: d, timeout: 1m30s}]\n  patchFile: p.yaml\n',
      {
        kind: 'patchUpdated',
        generators: [{ command: 'a' }, { command: 'b | c', timeoutMs: 3000 }, { command: 'd', timeoutMs: 90_000 }],
        patchFile: 'p.yaml',
      },
    ],
    [
      'a timeout below a second, which does not count',
      'version: 1\ncommandUpdated: {generators: [{command: a, timeout: 500ms}]}\n',
      { kind: 'commandUpdated', generators: [{ command: 'a' }], updaters: [] },
    ],
    [
      'updaters in order, each with either command or both',
      'version: 1\ncommandUpdated:\n  generators: [{command: g}]\n  updaters:\n  - containerImage: {command: i1, timeout: 2s}\n    policy: {command: p1}\n  - policy: {command: p2}\n  - {}\n',
      {
        kind: 'commandUpdated',
        generators: [{ command: 'g' }],
        updaters: [
          { containerImage: { command: 'i1', timeoutMs: 2000 }, policy: { command: 'p1' } },
          { policy: { command: 'p2' } },
          {},
        ],
      },
    ],
    ['files', 'version: 1\nscanForFiles: {}\n', { kind: 'scanForFiles' }],
    ['files beside a generator', 'version: 1\ncommandUpdated: {generators: []}\nscanForFiles: {}\n', { kind: 'scanForFiles' }],
  ])('%s', (_, text, config) => {
    expect(parseConfigFile(text).way).toEqual(config);
  });
});
