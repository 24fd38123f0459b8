/** A file that costs far more than its length, by the length it is to have. */
export interface HostileShape {
  readonly name: string;
  readonly make: (length: number) => string;
}

const HEAD = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: hostile, namespace: default}\n';

/** Repeats a unit, or what is made of its number, behind a head up to about the length. */
function filled(head: string, unit: string | ((index: number) => string), tail = '') {
  return (length: number): string => {
    const parts = [head];
    for (let size = head.length + tail.length, index = 0; size < length; index++) {
      const part = typeof unit === 'string' ? unit : unit(index);
      parts.push(part);
      size += part.length;
    }
    parts.push(tail);
    return parts.join('');
  };
}

function nested(open: string, close: string, head = '') {
  return (length: number): string => {
    const depth = Math.floor((length - head.length) / (open.length + close.length));
    return head + open.repeat(depth) + close.repeat(depth);
  };
}

/** Anchors of which each repeats the one before: the text stays small, what it stands for does not. */
function doubling(unit: (name: string) => string) {
  return (length: number): string => {
    const parts = [`${HEAD}data:\n  a0: &a0 [x, y]\n`];
    for (let size = 100, index = 1; size < length; index++) {
      const part = `  a${index}: &a${index} ${unit(`*a${index - 1}`)}\n`;
      parts.push(part);
      size += part.length;
    }
    return parts.join('');
  };
}

/** A good object, so that a file holds something to read beside its attack. */
const GOOD = `${HEAD}data: {key: value}\n`;

export const HOSTILE_SHAPES: readonly HostileShape[] = [
  { name: 'keys without values', make: (length) => 'a:\n'.repeat(length / 3) },
  { name: 'other keys without values', make: filled('', (index) => `k${index}:\n`) },
  { name: 'a list of numbers', make: (length) => '- 1\n'.repeat(length / 4) },
  { name: 'a List of numbers', make: filled('apiVersion: v1\nkind: List\nitems:\n', '- 1\n') },
  { name: 'a List of nulls', make: filled('apiVersion: v1\nkind: List\nitems:\n', '-\n') },
  { name: 'a List of empty maps', make: filled('apiVersion: v1\nkind: List\nitems: [', '{},', '{}]\n') },
  {
    name: 'a List of objects without names',
    make: filled('apiVersion: v1\nkind: List\nitems:\n', '- {kind: A, apiVersion: v1}\n'),
  },
  {
    name: 'a List of small objects',
    make: filled('apiVersion: v1\nkind: List\nitems:\n', (index) => `- {apiVersion: v1, kind: A, metadata: {name: n${index}}}\n`),
  },
  { name: 'Lists in Lists', make: filled('apiVersion: v1\nkind: List\nitems:\n', '- {kind: List, items: [1, 1, 1, 1]}\n') },
  { name: 'a flow list of numbers', make: filled('[', '1,', '1]\n') },
  { name: 'a flow list in an object', make: filled(`${HEAD}data: [`, '1,', '1]\n') },
  { name: 'a flow list of empty lists', make: filled(`${HEAD}data: [`, '[],', '[]]\n') },
  { name: 'a flow list of pairs', make: filled(`${HEAD}data: [`, 'a: b,', 'c]\n') },
  { name: 'a flow list of complex pairs', make: filled(`${HEAD}data: [`, '? a : b,', 'c]\n') },
  { name: 'a flow map of keys', make: filled(`${HEAD}data: {`, (index) => `k${index},`, 'z}\n') },
  { name: 'a flow map of one key', make: filled(`${HEAD}data: {`, 'a,', 'z}\n') },
  { name: 'an open flow list', make: filled('[', '1,') },
  { name: 'open brackets', make: (length) => '['.repeat(length) },
  { name: 'open braces', make: (length) => '{'.repeat(length) },
  { name: 'open braces with keys', make: (length) => '{a: '.repeat(length / 4) },
  { name: 'nested flow lists', make: nested('[', ']') },
  { name: 'nested flow maps', make: nested('{a: ', '}') },
  { name: 'nested lists as a key', make: (length) => `${nested('[', ']')(length - 4)}: 1\n` },
  { name: 'lists of the greatest depth', make: filled(`${HEAD}data:\n`, `- ${'['.repeat(140)}${']'.repeat(140)}\n`) },
  { name: 'lists of the greatest depth as keys', make: filled('', `${'['.repeat(100)}${']'.repeat(100)}: 1\n`) },
  { name: 'compact nested sequences', make: (length) => '- '.repeat(length / 2) },
  { name: 'compact nested sequences of the greatest depth', make: filled('', `${'- '.repeat(140)}a\n`) },
  { name: 'complex keys', make: filled('', '? a\n: b\n') },
  { name: 'complex keys without values', make: (length) => '? '.repeat(length / 2) },
  { name: 'documents of one bracket', make: (length) => '---\n]\n'.repeat(length / 6) },
  { name: 'documents of nothing', make: (length) => '---\n'.repeat(length / 4) },
  { name: 'ended documents of nothing', make: (length) => '---\n...\n'.repeat(length / 8) },
  { name: 'documents of one letter', make: (length) => '---\na\n'.repeat(length / 6) },
  { name: 'documents of one value', make: (length) => '--- 1\n'.repeat(length / 6) },
  { name: 'documents without kind', make: (length) => '---\na: 1\n'.repeat(length / 9) },
  { name: 'documents without name', make: filled('', '---\napiVersion: v1\nkind: A\n') },
  {
    name: 'documents of small objects',
    make: filled('', (index) => `---\napiVersion: v1\nkind: A\nmetadata: {name: n${index}}\n`),
  },
  { name: 'documents with directives', make: (length) => '%YAML 1.1\n---\n'.repeat(length / 14) },
  { name: 'directives', make: (length) => '%TAG !a! b\n'.repeat(length / 11) },
  { name: 'other tag directives', make: filled('', (index) => `%TAG !t${index}! b\n`, '---\na\n') },
  { name: 'one key many times', make: filled(`${HEAD}data:\n`, '  a: b\n') },
  {
    name: 'one annotation many times',
    make: filled('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n', '    a: b\n'),
  },
  {
    name: 'annotations that are no text',
    make: filled('apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations:\n', (index) => `    a${index}: 1\n`),
  },
  { name: 'anchors', make: filled(`${HEAD}data:\n`, (index) => `  a${index}: &a${index} b\n`) },
  { name: 'one anchor many times', make: filled(`${HEAD}data:\n`, (index) => `  a${index}: &a b\n`) },
  { name: 'aliases', make: filled(`${HEAD}data:\n  a: &a b\n`, (index) => `  a${index}: *a\n`) },
  { name: 'a list of aliases', make: filled(`${HEAD}data:\n  a: &a [b, b, b, b, b, b, b, b]\n  z: [`, '*a,', '*a]\n') },
  { name: 'aliases of a large text', make: filled(`${HEAD}data:\n  a: &a ${'b'.repeat(4096)}\n  z: [`, '*a,', '*a]\n') },
  { name: 'aliases without anchors', make: filled(`${HEAD}data:\n`, (index) => `  a${index}: *b${index}\n`) },
  { name: 'doubling lists', make: doubling((alias) => `[${alias}, ${alias}]`) },
  { name: 'lists ten times the one before', make: doubling((alias) => `[${`${alias},`.repeat(10)}]`) },
  { name: 'doubling maps', make: doubling((alias) => `{a: ${alias}, b: ${alias}}`) },
  { name: 'merge keys', make: filled('a: &a {b: c, d: e, f: g}\n', (index) => `k${index}: {<<: *a}\n`) },
  { name: 'merge keys of one map', make: filled('a: &a {b: c, d: e, f: g}\nz:\n', '  <<: *a\n') },
  { name: 'merge keys of lists', make: filled('a: &a {b: c}\nz:\n', `  <<: [${'*a, '.repeat(20)}*a]\n`) },
  {
    name: 'merge keys of merge keys',
    make: filled('a0: &a0 {k: v}\n', (index) => `a${index + 1}: &a${index + 1} {<<: [*a${index}, *a${index}], k${index}: v}\n`),
  },
  {
    name: 'one map of many keys merged many times',
    make: (length) => {
      const half = length / 2;
      return (
        filled('a: &a {', (index) => `k${index}: 1,`, 'z: 1}\n')(half) + filled('', (index) => `m${index}: {<<: *a}\n`)(half)
      );
    },
  },
  { name: 'tags', make: filled(`${HEAD}data: [`, '!!str a,', 'b]\n') },
  { name: 'tags of our own', make: filled(`${HEAD}data:\n`, (index) => `- !t${index} a\n`) },
  { name: 'long tags', make: (length) => `a: !<${'t'.repeat(length)}> b\n` },
  { name: 'a long anchor', make: (length) => `a: &${'a'.repeat(length)} b\n` },
  { name: 'one long word', make: (length) => 'a'.repeat(length) },
  { name: 'one long plain line', make: (length) => `${HEAD}data: {a: ${'b '.repeat(length / 2)}}\n` },
  { name: 'a plain text over many lines', make: filled(`${HEAD}data:\n  a: b\n`, '    c\n') },
  { name: 'a plain text of blank lines', make: filled(`${HEAD}data:\n  a: b\n`, '\n', '    c\n') },
  { name: 'a folded text', make: filled(`${HEAD}data:\n  a: >\n`, '    c\n') },
  { name: 'a folded text of indented lines', make: filled(`${HEAD}data:\n  a: >\n    b\n`, '      c\n') },
  { name: 'a literal text of empty lines', make: filled(`${HEAD}data:\n  a: |\n`, '    \n') },
  { name: 'a literal text that is kept', make: filled(`${HEAD}data:\n  a: |+\n    b\n`, '\n') },
  { name: 'many literal texts', make: filled(`${HEAD}data:\n`, (index) => `  a${index}: |\n    b\n`) },
  { name: 'a double-quoted text of escapes', make: filled(`${HEAD}data:\n  a: "`, '\\u0041', '"\n') },
  { name: 'a double-quoted text of folded lines', make: filled(`${HEAD}data:\n  a: "b\n`, '    \\\n', '    "\n') },
  { name: 'a double-quoted text of control characters', make: filled(`${HEAD}data:\n  a: "`, '\\0\\x01', '"\n') },
  { name: 'a single-quoted text of quotes', make: filled(`${HEAD}data:\n  a: '`, "''", "'\n") },
  { name: 'an open quote', make: filled(`${HEAD}data:\n  a: "`, 'b\n   ') },
  { name: 'many open quotes', make: (length) => `---\na: "\n`.repeat(length / 9) },
  { name: 'comments', make: (length) => '# c\n'.repeat(length / 4) },
  { name: 'a comment before each value', make: filled(`${HEAD}data:\n`, (index) => `  a${index}: # c\n    # d\n    |\n    b\n`) },
  { name: 'hash signs', make: (length) => '#'.repeat(length) },
  { name: 'blanks', make: (length) => ' '.repeat(length) },
  { name: 'blank lines', make: (length) => '\n'.repeat(length) },
  { name: 'blank lines before a document', make: (length) => `${'\n'.repeat(length)}${GOOD}` },
  { name: 'carriage returns', make: (length) => '\r'.repeat(length) },
  { name: 'carriage returns and dashes', make: (length) => '\r---'.repeat(length / 4) },
  { name: 'tabs', make: (length) => `a:${'\t'.repeat(length)}b\n` },
  { name: 'blanks behind a key', make: (length) => `a${' '.repeat(length)}: b\n` },
  { name: 'blanks in a flow list', make: (length) => `[a${' '.repeat(length)}, b]\n` },
  { name: 'lines of blanks in a flow list', make: filled('[a', '        \n', ', b]\n') },
  { name: 'dashes', make: (length) => '-'.repeat(length) },
  {
    name: 'a staircase',
    make: (length) => {
      const steps = Math.floor(Math.sqrt(length / 2));
      return Array.from({ length: Math.min(steps, 2000) }, (_, index) => `${' '.repeat(index)}a:\n`).join('');
    },
  },
  { name: 'byte order marks', make: (length) => '\uFEFF'.repeat(length) },
  { name: 'emoji', make: filled(`${HEAD}data:\n  a: "`, '😀', '"\n') },
  { name: 'emoji over many lines', make: filled(`${HEAD}data:\n  a: |\n`, '    😀\n') },
  { name: 'digits', make: (length) => `${HEAD}data: {a: ${'1'.repeat(length)}}\n` },
  { name: 'underscores in a number', make: (length) => `${HEAD}data: {a: 1${'_'.repeat(length)}x}\n` },
  { name: 'points in a number', make: (length) => `${HEAD}data: {a: 1${'.1'.repeat(length / 2)}}\n` },
  { name: 'a long octal', make: (length) => `${HEAD}data: {a: 0${'7'.repeat(length)}}\n` },
  { name: 'a long hexadecimal', make: (length) => `${HEAD}data: {a: 0x${'f'.repeat(length)}}\n` },
  { name: 'numbers beyond 2^53', make: filled(`${HEAD}data: [`, '9007199254740993,', '1]\n') },
  {
    name: 'base64',
    make: (length) => `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {a: !!binary ${'AAAA'.repeat(length / 4)}}\n`,
  },
  { name: 'a name of many letters', make: (length) => `apiVersion: v1\nkind: A\nmetadata: {name: ${'a'.repeat(length)}}\n` },
  { name: 'a kind of many letters', make: (length) => `apiVersion: v1\nkind: ${'A'.repeat(length)}\nmetadata: {name: a}\n` },
  {
    name: 'an apiVersion of many points',
    make: (length) => `apiVersion: ${'a.'.repeat(length / 2)}/v1\nkind: A\nmetadata: {name: a}\n`,
  },
  {
    name: 'containers',
    make: filled(
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: default}\nspec:\n  template:\n    spec:\n      containers:\n',
      (index) => `      - {name: c${index}, image: a}\n`,
    ),
  },
  {
    name: 'variables given twice',
    make: filled(
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: default}\nspec:\n  template:\n    spec:\n      containers:\n      - name: a\n        image: a\n        env:\n',
      '        - {name: A, value: b}\n',
    ),
  },
  {
    name: 'JSON',
    make: filled(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{',
      (index) => `"k${index}":"v",`,
      '"z":"v"}}\n',
    ),
  },
  { name: 'JSON in one text', make: filled(`${HEAD}data:\n  a: '`, '{"a":[1,2,3]},', "'\n") },
];
