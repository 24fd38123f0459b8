import fc from 'fast-check';
import { type Choices, choicesFrom } from './choices.ts';

/*
 * Streams of YAML documents as people and generators write them, and a little beyond: every style of node in every place it can
 * stand, laid out in many ways, and now and then damaged by one keystroke.
 */

const WORDS = [
  ...['a', 'web', 'b c', 'x-y', 'a/b:1.2', "it's", 'say "x"', 'a#b', 'http://x/?q=1', '-1', '-a', ':a', '?a', 'a:b', 'é', '😀'],
  ...[
    'y',
    'No',
    'off',
    'true',
    'null',
    '~',
    '0x1F',
    '0777',
    '0o17',
    '1_000',
    '1e3',
    '.5',
    '1.10',
    '12:30:45',
    '2001-01-01',
    '+1',
  ],
  ...[
    '<<',
    '=',
    '1',
    '-0',
    '9007199254740993',
    '.inf',
    'a?b',
    'a,b',
    'a]b',
    'a b: c',
    '@a',
    '`a',
    '%a',
    'a\tb',
    '{a',
    '---',
    '...',
  ],
];
const KEYS = ['a', 'b', 'c', 'name', 'image', 'x-y', 'k/b.c', '1', 'y', 'no', '~', '0x10', '1.5', 'a b', '<<'];
const COMMENTS = ['# c', "# it's", '# "x', '# ]}', '#', '# a: b', '#c\t'];
const ANCHORS = ['a', 'b1', 'x-y', 'a', 'a.b'];
const TAGS = ['!!str', '!!int', '!!map', '!x', '!', '!!binary', '!!float', '!!null', '!!seq', '!<tag:yaml.org,2002:str>'];
/** Line breaks for some readers, and characters that may not be there at all. */
const ODD = ['\x85', '\u2028', '\u2029', '\u00a0', '\ufeff', '\x07', '\x7f'];
const KEYSTROKES = [
  ' ',
  '\t',
  '\n',
  ':',
  ': ',
  '- ',
  '#',
  ' #',
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  '? ',
  '&a ',
  '*a',
  '!',
  '|',
  '>',
  '\\',
  'a',
];

/** What streams are made from. */
export const BYTES = fc.uint8Array({ minLength: 20, maxLength: 120, size: 'max' });

export function streamFrom(bytes: Uint8Array): string {
  const choices = choicesFrom(bytes);
  let text = choices.rarely(50) ? '\uFEFF' : '';
  if (choices.rarely(20)) text += choices.pick(['# c\n', '\n', '%YAML 1.1\n', '  # c\n\n']);
  if (choices.rarely(3)) text += choices.pick(['---\n', '--- # c\n', '---  \n']);
  text += document(choices);
  for (let more = choices.rarely(6) ? 1 + choices.below(2) : 0; more > 0; more--) {
    text += choices.pick(['---\n', '---\n', '--- # c\n', '...\n---\n', '---\n# c\n']) + document(choices);
  }
  if (choices.rarely(6)) text = damaged(text, choices);
  if (choices.rarely(8)) text = text.replaceAll('\n', '\r\n');
  if (choices.rarely(6)) text = text.replace(/\s+$/, '');
  return text.toWellFormed();
}

/** One keystroke too many, too few, or a line at another column. */
function damaged(text: string, choices: Choices): string {
  const at = Math.floor(((choices.below(256) * 256 + choices.below(256)) / 65536) * text.length);
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  switch (choices.below(4)) {
    case 0:
      return text.slice(0, at) + choices.pick(choices.rarely(6) ? ODD : KEYSTROKES) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, lineStart) + choices.pick([' ', '  ', '\t', ' \t']) + text.slice(lineStart);
    default:
      return text.slice(0, lineStart) + text.slice(lineStart).replace(/^[ \t]+/, '');
  }
}

function document(choices: Choices): string {
  const root = choices.rarely(8) ? choices.pick([sequence, flowRoot]) : mapping;
  return root(choices, choices.rarely(12) ? choices.pick([1, 2]) : 0, 0);
}

function flowRoot(choices: Choices, indent: number): string {
  return `${flowCollection(choices, indent, 0)}${lineEnd(choices)}`;
}

/** Lines of `key: value`, each ended. */
function mapping(choices: Choices, indent: number, depth: number, firstIndent = indent): string {
  let text = '';
  const count = 1 + choices.below(depth === 0 ? 4 : 3);
  for (let n = 0; n < count; n++) {
    text += ' '.repeat(n === 0 ? firstIndent : indent);
    if (choices.rarely(24)) {
      text += `<<:${blank(choices)}${choices.pick([alias(choices), `[${alias(choices)}, ${alias(choices)}]`, '{b: 2}'])}${lineEnd(choices)}`;
      continue;
    }
    if (choices.rarely(24)) {
      text += `? ${key(choices, indent)}${lineEnd(choices)}${' '.repeat(indent)}:`;
    } else text += `${key(choices, indent)}${choices.rarely(16) ? ' ' : ''}:`;
    text += value(choices, indent, depth, 'mapping');
  }
  return text;
}

function sequence(choices: Choices, indent: number, depth: number, firstIndent = indent): string {
  let text = '';
  const count = 1 + choices.below(3);
  for (let n = 0; n < count; n++) {
    text += `${' '.repeat(n === 0 ? firstIndent : indent)}-`;
    text += value(choices, indent, depth, 'sequence');
  }
  return text;
}

/** What stands behind `key:` or `-`, line end included. */
function value(choices: Choices, indent: number, depth: number, parent: 'mapping' | 'sequence'): string {
  const properties = choices.rarely(12) ? `${blank(choices)}${nodeProperties(choices)}` : '';
  const nested = depth < 4 && !choices.exhausted;
  switch (choices.below(nested ? 12 : 8)) {
    case 0:
    case 1:
      return `${properties}${blank(choices)}${plain(choices, indent + 1)}${lineEnd(choices)}`;
    case 2:
      return `${properties}${separation(choices, indent + 1)}${quoted(choices, indent + 1)}${lineEnd(choices)}`;
    case 3:
      return `${properties}${blank(choices)}${blockScalar(choices, indent)}`;
    case 4:
      return properties + (choices.rarely(3) ? `${blank(choices)}${alias(choices)}` : '') + lineEnd(choices);
    case 5:
    case 6:
    case 7:
      return `${properties}${separation(choices, indent + 1)}${flowCollection(choices, indent + 1, 0)}${lineEnd(choices)}`;
    case 8:
    case 9: {
      // A map behind a dash starts on its line or below.
      if (parent === 'sequence' && properties === '' && !choices.rarely(3)) {
        const gap = 1 + choices.below(3);
        return `${' '.repeat(gap)}${mapping(choices, indent + 1 + gap, depth + 1, 0)}`;
      }
      return `${properties}${lineEnd(choices)}${mapping(choices, indent + choices.pick([2, 2, 1, 4]), depth + 1)}`;
    }
    default: {
      if (parent === 'sequence' && properties === '' && choices.rarely(2)) {
        const gap = 1 + choices.below(3);
        return `${' '.repeat(gap)}${sequence(choices, indent + 1 + gap, depth + 1, 0)}`;
      }
      const step = parent === 'mapping' ? choices.pick([0, 2, 2, 1]) : 2;
      return `${properties}${lineEnd(choices)}${sequence(choices, indent + step, depth + 1)}`;
    }
  }
}

function nodeProperties(choices: Choices): string {
  return choices.pick([
    () => anchor(choices),
    () => anchor(choices),
    () => choices.pick(TAGS),
    () => `${choices.pick(TAGS)} ${anchor(choices)}`,
  ])();
}

function anchor(choices: Choices): string {
  const name = choices.pick(ANCHORS);
  choices.anchors.push(name);
  return `&${name}`;
}

/** Mostly of an anchor that stands before it. */
function alias(choices: Choices): string {
  if (choices.anchors.length === 0 && !choices.rarely(16)) return choices.pick(KEYS);
  return `*${choices.pick(choices.anchors.length > 0 && !choices.rarely(16) ? choices.anchors : ANCHORS)}`;
}

function key(choices: Choices, indent: number): string {
  if (choices.rarely(80)) return `${alias(choices)} `;
  const prefix = choices.rarely(40) ? choices.pick([`${anchor(choices)} `, '!!str ']) : '';
  if (choices.rarely(8)) return prefix + quoted(choices, indent + 1, !choices.rarely(20));
  return prefix + choices.pick(choices.rarely(8) ? WORDS : KEYS);
}

function blank(choices: Choices): string {
  return choices.rarely(10) ? choices.pick(['  ', '\t', ' \t', '   ']) : ' ';
}

/** A blank, or a line break and any column, which is not always deep enough. */
function separation(choices: Choices, indent: number): string {
  if (!choices.rarely(6)) return blank(choices);
  return `${lineEnd(choices)}${' '.repeat(choices.rarely(4) ? choices.below(indent + 1) : indent + choices.below(3))}`;
}

/** Trailing blanks, a comment, the line break, and lines with nothing to read. */
function lineEnd(choices: Choices): string {
  let text = choices.rarely(16) ? choices.pick([' ', '\t', '  ']) : '';
  if (choices.rarely(10)) text += ` ${choices.pick(COMMENTS)}`;
  text += '\n';
  if (choices.rarely(10)) text += choices.pick(['\n', '  \n', '\t\n', '# c\n', '      # c\n', '\n\n', ' \t# c\n']);
  return text;
}

function plain(choices: Choices, indent: number): string {
  let text = choices.pick(WORDS);
  while (choices.rarely(8)) {
    text +=
      choices.pick(['\n', '\n', ' \n', '\n\n', '\n \n']) +
      ' '.repeat(choices.rarely(6) ? choices.below(indent + 1) : indent + choices.below(3));
    text += (choices.rarely(12) ? choices.pick(['\t', '# ', '- ']) : '') + choices.pick(WORDS);
  }
  return text;
}

const DOUBLE_PARTS = [
  'a',
  ' ',
  'b',
  '\\n',
  '\\"',
  '\\\\',
  '\\x41',
  '\\u00e9',
  '\\t',
  "'",
  '#',
  ' #',
  ': ',
  '{',
  ']',
  '\t',
  '\\e',
  '\\/',
  '\\ ',
  '\\z',
  '\\N',
  '\\_',
  '---',
];
const SINGLE_PARTS = ['a', ' ', 'b', "''", '"', '\\', '#', ' #', ': ', '[', '}', '\t', '- ', '---'];

function quoted(choices: Choices, indent: number, oneLine = false): string {
  const double = choices.rarely(2);
  const parts = double ? DOUBLE_PARTS : SINGLE_PARTS;
  let text = '';
  while (!choices.rarely(4) && !choices.exhausted) {
    if (!oneLine && choices.rarely(5)) text += (double && choices.rarely(4) ? '\\' : '') + innerBreak(choices, indent);
    else text += choices.pick(parts);
  }
  return double ? `"${text}"` : `'${text}'`;
}

/** A line break inside of quotes and brackets, where Kubernetes minds no column. */
function innerBreak(choices: Choices, indent: number): string {
  const lead = choices.pick(['\n', '\n', '\n', ' \n', '\n\n', '\n \n', '\t\n']);
  const column = choices.rarely(2) ? choices.below(indent + 1) : indent + choices.below(3);
  return lead + ' '.repeat(column) + (choices.rarely(16) ? '\t' : '');
}

function flowCollection(choices: Choices, indent: number, depth: number): string {
  const map = choices.rarely(2);
  let text = map ? '{' : '[';
  const count = choices.below(4);
  for (let n = 0; n < count; n++) {
    text += flowSpace(choices, indent);
    if (map || choices.rarely(12)) text += flowPair(choices, indent, depth);
    else text += flowNode(choices, indent, depth);
    text += flowSpace(choices, indent);
    if (n < count - 1 || choices.rarely(6)) text += ',';
  }
  return text + flowSpace(choices, indent) + (map ? '}' : ']');
}

function flowPair(choices: Choices, indent: number, depth: number): string {
  const name = choices.rarely(4) ? quoted(choices, indent, !choices.rarely(20)) : choices.pick(choices.rarely(8) ? WORDS : KEYS);
  if (choices.rarely(20)) return name;
  const colon = choices.rarely(12) ? choices.pick([' :', ':', ':\n', '\n:', ':\t']) : ': ';
  const lead = choices.rarely(24) ? '? ' : '';
  if (choices.rarely(16)) return `${lead}${name}${colon}`;
  return `${lead}${name}${colon}${flowNode(choices, indent, depth)}`;
}

function flowNode(choices: Choices, indent: number, depth: number): string {
  const properties = choices.rarely(20) ? `${nodeProperties(choices)} ` : '';
  switch (choices.below(depth < 3 && !choices.exhausted ? 8 : 6)) {
    case 0:
    case 1:
    case 2: {
      let text = choices.pick(choices.rarely(3) ? WORDS : KEYS);
      if (choices.rarely(16)) text += innerBreak(choices, indent) + choices.pick(WORDS);
      return properties + text;
    }
    case 3:
    case 4:
      return properties + quoted(choices, indent);
    case 5:
      return choices.rarely(4) ? alias(choices) : properties + choices.pick(KEYS);
    default:
      return properties + flowCollection(choices, indent, depth + 1);
  }
}

function flowSpace(choices: Choices, indent: number): string {
  if (!choices.rarely(5)) return choices.pick(['', ' ', '']);
  const comment = choices.rarely(8) ? ` ${choices.pick(COMMENTS)}` : '';
  return comment + innerBreak(choices, indent);
}

function blockScalar(choices: Choices, indent: number): string {
  const header = choices.pick(['|', '>', '|', '>']) + choices.pick(['', '', '-', '+', '', '2', '-2', '2+', '1']);
  const comment = choices.rarely(12) ? ` ${choices.pick(COMMENTS)}` : '';
  const step = choices.pick([2, 2, 1, 4]);
  const count = choices.below(5);
  let text = `${header}${comment}\n`;
  for (let n = 0; n < count; n++) {
    const column = choices.rarely(8) ? choices.below(indent + 5) : indent + step;
    text += choices.pick([
      () => `${' '.repeat(column)}${choices.pick(WORDS)}`,
      () => `${' '.repeat(column)}${choices.pick(WORDS)} ${choices.pick(COMMENTS)}`,
      () => `${' '.repeat(column)}${choices.pick(['  a', '\ta', '- a', 'a: b', '# c', '"', '[', ' '])}`,
      () => (choices.rarely(2) ? '' : ' '.repeat(column)),
    ])();
    text += '\n';
  }
  return text;
}

/** Streams of a seed, with the bytes that fast-check can shrink. */
export function sampleStreams(seed: number, count: number): readonly { readonly bytes: Uint8Array; readonly stream: string }[] {
  return fc.sample(BYTES, { seed, numRuns: count }).map((bytes) => ({ bytes, stream: streamFrom(bytes) }));
}
