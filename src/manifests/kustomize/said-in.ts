import { posix } from 'node:path';
import type { KustomizeUnit } from '../units/unit.ts';

/**
 * What kustomize 5 and the libraries that it uses say, each a text without any part of a file; around them, it quotes patches, literals
 * and values. Of those that begin alike, the longest is first.
 */
const PHRASES = [
  'invalid Kustomization',
  'cannot unmarshal',
  'unknown field',
  'loading KV pairs',
  'literal sources',
  'invalid literal source',
  'expected key=value',
  'env source files',
  'file sources',
  'illegally repeats the key',
  'is not a valid key name',
  'no such file or directory',
  'too many levels of symbolic links',
  'file name too long',
  'no space left on device',
  'too many open files',
  'cannot allocate memory',
  'merging from generator',
  'does not exist; cannot merge or replace',
  'may not add resource with an already registered id',
  'missing Resource metadata',
  'missing metadata.name in object',
  'missing kind in object',
  'kustomization.yaml is empty',
  'no resource matches strategic merge patch',
  'failed to find unique target for patch',
  'no matches for Id',
  'multiple matches for Id',
  'unable to parse SM or JSON patch',
  'must specify a target for JSON patch',
  'must specify a target for patch',
  'patch and path can',
  'must specify one of patch and path',
  'error in remove for path',
  'error in add for path',
  'error in move for path',
  'error in copy for',
  'error in test for path',
  'add operation does not apply',
  'remove operation does not apply',
  'replace operation does not apply',
  'move operation does not apply',
  'copy operation does not apply',
  'test operation does not apply',
  'doc is missing path',
  'doc is missing key',
  'doc is missing from path',
  'doc is missing destination path',
  'is missing path',
  'Unable to remove nonexistent key',
  'Unable to access invalid index',
  'value was not a proper array index',
  'invalid index referenced',
  'operation missing path field',
  'missing from field',
  'missing value field',
  'missing value',
  'test failed',
  'Unexpected kind',
  'considering field',
  'wrong node kind',
  'expected MappingNode but got SequenceNode',
  'expected MappingNode but got ScalarNode',
  'expected SequenceNode but got MappingNode',
  'expected SequenceNode but got ScalarNode',
  'expected ScalarNode but got MappingNode',
  'expected ScalarNode but got SequenceNode',
  'is missing for replacement source',
  'nothing selected by',
  'multiple matches for selector',
  'unable to find field',
  'in replacement target',
  'is out of bounds for value',
  'does not match a config with the following GVK',
  'cannot be mapped to a field in the set of known resources',
  'not found in corresponding resource',
  'namespace transformation produces ID conflict',
  'MalformedYAMLError',
  'unknown anchor',
  'already defined at line',
  'mapping key',
  'anchor value contains itself',
  'document contains excessive aliasing',
  'map merge requires map or sequence of maps as the value',
  'block mapping entries are not allowed in this context',
  'block sequence entries are not allowed in this context',
  'mapping keys are not allowed in this context',
  'mapping values are not allowed in this context',
  'control characters are not allowed',
  'could not find expected directive name',
  "could not find expected ':'",
  'did not find expected alphabetic or numeric character',
  'did not find expected comment or line break',
  'did not find expected hexdecimal number',
  'did not find expected node content',
  'did not find expected whitespace or line break',
  'did not find expected whitespace',
  'did not find expected key',
  "did not find expected ',' or ']'",
  "did not find expected ',' or '}'",
  "did not find expected '-' indicator",
  "did not find expected '!'",
  'did not find expected <document start>',
  'did not find expected tag URI',
  'did not find URI escaped octet',
  'found a tab character that violates indentation',
  'found a tab character where an indentation space is expected',
  'found an indentation indicator equal to 0',
  'found character that cannot start any token',
  'found unexpected document indicator',
  'found unexpected end of stream',
  'found unexpected non-alphabetical character',
  'found unknown escape character',
  'found undefined tag handle',
  'found unknown directive name',
  'found incompatible YAML document',
  'found duplicate %YAML directive',
  'found duplicate %TAG directive',
  'invalid leading UTF-8 octet',
  'invalid trailing UTF-8 octet',
  'incomplete UTF-8 octet sequence',
  'invalid UTF-8',
];

const SAID = new RegExp(
  [String.raw`\bline \d{1,6}: `, ...PHRASES.map((phrase) => phrase.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))].join('|'),
  'g',
);
/** Of texts that may be a path, so many are compared with the files. */
const MAX_NAMES = 20;

/**
 * What may be shown of an error output: phrases that kustomize is known for, numbers of lines, and paths of the unit's files, in the
 * order in which they stand there. All else may be from a file, also from a Secret. Empty if there is none of them.
 */
export function saidIn(stderr: string, { files }: Pick<KustomizeUnit, 'files'>): string {
  const phrases = new Set(Array.from(stderr.matchAll(SAID), ([phrase]) => phrase.replace(/: $/, '')));
  const paths = pathsIn(stderr, files);
  return [[...phrases].join(': '), paths.length === 0 ? '' : `in ${paths.join(', ')}`].filter((part) => part !== '').join(' ');
}

function pathsIn(stderr: string, files: KustomizeUnit['files']): readonly string[] {
  const names = new Set(files.map(({ path }) => posix.basename(path)));
  const texts = stderr.split(/[\s'"`:;,()[\]{}]+/).map((text) => text.replace(/^(?:\.\.?\/)+/, ''));
  const candidates = [...new Set(texts)].filter((text) => names.has(posix.basename(text))).slice(0, MAX_NAMES);
  const found = candidates.flatMap((text) => {
    const meant = files.filter(({ path }) => path === text || path.endsWith(`/${text}`)).map(({ path }) => path);
    return meant.length === 1 ? meant : meant.length === 0 ? [] : text;
  });
  return [...new Set(found)];
}
