import { posix } from 'node:path';
import { Pace } from '../units/pace.ts';
import { isInPacked } from './archive/pack.ts';
import type { ChartContent } from './archive/unpack.ts';

/** What Helm 3, Go's templates and the YAML reader say, each without any part of a file. Of those that begin alike, the longest is first. */
const PHRASES = [
  'An error occurred while checking for chart dependencies',
  'You may need to run `helm dependency build` to fetch missing dependencies',
  'found in Chart.yaml, but missing in charts/ directory',
  'library charts are not installable',
  'chart requires kubeVersion',
  'which is incompatible with Kubernetes',
  'cannot load Chart.yaml',
  'cannot load values.yaml',
  'Chart.yaml file is missing',
  "values don't meet the specifications of the schema",
  'missing property',
  'missing properties',
  'additional properties',
  'got string, want',
  'got number, want',
  'got boolean, want',
  'got object, want',
  'got array, want',
  'got null, want',
  'does not match pattern',
  'value must be one of',
  'failed to parse ./values/',
  'cannot unmarshal array into Go value',
  'cannot unmarshal string into Go value',
  'YAML parse error',
  'error converting YAML to JSON',
  'execution error',
  'parse error',
  'nil pointer evaluating',
  "can't evaluate field",
  'wrong type for value',
  'wrong number of args',
  'error calling include',
  'error calling required',
  'error calling toYaml',
  'error calling tpl',
  'error calling index',
  'error calling',
  'no template',
  'not defined',
  'unclosed action',
  'unexpected EOF',
  'unexpected {{end}}',
  'unexpected {{else}}',
  'unterminated quoted string',
  'unterminated character constant',
  'rendering template has a nested reference name',
  'exceeded max depth',
  'mapping values are not allowed in this context',
  'mapping keys are not allowed in this context',
  'did not find expected key',
  "did not find expected ',' or ']'",
  "did not find expected ',' or '}'",
  "did not find expected '-' indicator",
  'did not find expected node content',
  'could not find expected',
  'found character that cannot start any token',
  'found unknown escape character',
  'already set in map',
  'no such file or directory',
  'no space left on device',
  'too many open files',
  'cannot allocate memory',
];

const SAID = new RegExp(PHRASES.map((phrase) => phrase.replace(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)).join('|'), 'g');
const PLACE = /[\w.-]+\/((?:templates|charts|crds)\/[^\s:()"]{1,300}?):(\d{1,6})/g;
const YAML_LINE = /\byaml: (line \d{1,6}):/g;
const EXPRESSION = /at <([^<>\n]{1,200})>/g;
/** Literals of templates, as those of `required` and `fail`. */
const LITERAL = /"((?:[^"\\\n]|\\.){4,200})"/g;
const VERB = /%[-+# 0-9.]*[a-zA-Z]/;
const MIN_LITERAL = 4;
const MAX_BYTES = 1 << 20;
const MAX_FILE_BYTES = 64 << 10;
const MAX_SHOWN = 5;

/**
 * What may be shown of an error output: phrases that Helm is known for, texts that stand in templates of the chart, and places in its
 * files. All else may be from values, also those of a Secret. Empty if there is none of them. `folder` is where the chart is, in what is
 * shown.
 */
export async function saidByHelm(stderr: string, folder: string, contents: readonly ChartContent[]): Promise<string> {
  const phrases = matches(stderr, SAID, ([phrase]) => phrase);
  const lines = matches(stderr, YAML_LINE, ([, line = '']) => line);
  const known = new Set(contents.map(({ path }) => posix.join(folder, asNamed(path))));
  const places = matches(stderr, PLACE, ([, path = '', line = '']) => `${posix.join(folder, path)}:${line}`).filter((place) =>
    known.has(place.slice(0, place.lastIndexOf(':'))),
  );
  const texts = await templatesOf(contents);
  const expressions = matches(stderr, EXPRESSION, ([, text = '']) => text).filter((text) =>
    texts.some((each) => each.includes(text)),
  );
  const literals = new Set<string>();
  const pace = new Pace();
  for (const text of texts) {
    for (const [, literal = ''] of text.matchAll(LITERAL)) {
      await pace.beforeFollowing(literal.length);
      for (const part of literal.split(VERB).map((each) => each.trim()))
        if (part.length >= MIN_LITERAL && stderr.includes(part)) literals.add(part);
    }
  }
  const quoted = [...literals].filter((part) => ![...phrases, ...places].some((each) => each.includes(part)));
  return [
    [...phrases, ...lines, ...quoted.slice(0, MAX_SHOWN)].join(': '),
    expressions.length === 0 ? '' : `at ${expressions.slice(0, MAX_SHOWN).join(', ')}`,
    places.length === 0 ? '' : `in ${places.slice(0, MAX_SHOWN).join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join(' ');
}

/** The place of a file in a packed subchart, as Helm shows it: by the name of the chart, which begins that of its archive. */
function asNamed(path: string): string {
  if (!isInPacked(path)) return path;
  return path
    .split('/')
    .map((part) => (part.endsWith('.tgz') ? part.slice(0, part.search(/-v?\d|\.tgz$/)) : part))
    .join('/');
}

function matches(text: string, pattern: RegExp, shown: (match: RegExpExecArray) => string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(pattern), shown))];
}

/** The templates as far as they are not too long to look into. */
async function templatesOf(contents: readonly ChartContent[]): Promise<readonly string[]> {
  const pace = new Pace();
  const texts: string[] = [];
  let left = MAX_BYTES;
  for (const { path, content } of contents) {
    if (!path.includes('templates/') || content.length > Math.min(left, MAX_FILE_BYTES)) continue;
    left -= content.length;
    await pace.beforeParsing(content.length);
    texts.push(content.toString('utf8'));
  }
  return texts;
}
