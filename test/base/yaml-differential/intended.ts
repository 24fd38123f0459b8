import { parseYamlDocuments } from '../../../src/base/index.ts';
import type { Difference } from './compare.ts';

/** A way in which we read YAML otherwise than Kubernetes does, on purpose. */
export interface Intended {
  readonly what: string;
  readonly why: string;
  readonly covers: (difference: Difference) => boolean;
  /** Kubernetes itself reads now this, now that. */
  readonly byChance?: true;
}

const weRead = (their: RegExp, text: RegExp) => (difference: Difference) =>
  difference.ourError === undefined && their.test(difference.theirError ?? '') && text.test(difference.text);

const weRefuse =
  (our: RegExp, text = /(?:)/) =>
  (difference: Difference) =>
    difference.theirs !== undefined && our.test(difference.ourError ?? '') && text.test(difference.text);

const isTabRefused = weRead(/^yaml: (?:line \d+: )?found (?:character that cannot start any token|a tab character)/, /\t/);

/**
 * All of them. Where we read more than Kubernetes, YAML 1.2 or JSON gives the text its one meaning; where we read less, Kubernetes
 * would drop a part of the file without a word, or read something that its author cannot have meant.
 */
export const INTENDED: readonly Intended[] = [
  // We read more.
  {
    what: 'a tab between a dash and its value, before brackets, or on a blank line',
    why: 'YAML 1.2 allows tabs between tokens, and no indentation hangs on them.',
    covers: (difference) => isTabRefused(difference) || (difference.ourError === undefined && /^ *\t\s*#/m.test(difference.text)),
  },
  {
    what: 'control characters in comments and quotes',
    why: 'They are nowhere else, and are read as they are. JSON allows some of them.',
    covers: weRead(/control characters are not allowed/, /(?:)/),
  },
  {
    what: 'the escape \\/ in double quotes',
    why: 'It is JSON.',
    covers: weRead(/found unknown escape character/, /\\\//),
  },
  {
    what: 'a character beyond U+FFFF as two escapes, "\\ud83d\\ude00"',
    why: 'It is JSON.',
    covers: weRead(/found invalid Unicode character escape code/, /\\u[dD][89abAB]/),
  },
  {
    what: 'in brackets: text that holds a question mark, a colon right behind a bracket, and a key over more than one line',
    why: 'YAML 1.2 allows them. Kubernetes reads no value at all, so none is mistaken for another.',
    covers: weRead(/did not find expected (?:node content|',' or)/, /[[{]/),
  },
  {
    what: 'a line that only starts like the marker ---, or a document that starts on the line of its marker',
    why: 'Kubernetes cuts streams by lines without a look at YAML, and takes --- wherever it stands at the start of one. We go by the rule for markers.',
    covers: ({ text }) => /^---(?:\S|[ \t]+[^\s#])/m.test(text),
  },
  {
    what: '%YAML and other directives',
    why: 'Kubernetes cuts the stream between a directive and its document, and refuses the first part.',
    covers: ({ text }) => /^\uFEFF?%/m.test(text),
  },
  {
    what: 'documents behind the marker ...',
    why: 'Kubernetes drops what follows the marker up to the next ---, without a word. What it would have been is read, or refused by name.',
    covers: ({ text }) => /^\.\.\.(?!\S)/m.test(text),
  },
  {
    what: 'a block scalar as the whole document',
    why: 'It is no object, and is refused as such. How deep its text stands is counted from another place.',
    covers: ({ ours, theirs }) => typeof ours === 'string' && (theirs === undefined || typeof theirs === 'string'),
  },
  // We read less.
  {
    what: 'U+0085, U+2028 and U+2029, but between characters in quotes and at the end of a comment',
    why: 'They are line breaks for Kubernetes and nothing for YAML 1.2, and what they look like depends on the editor. Escapes say what is meant.',
    covers: ({ text, ourError }) => ourError !== undefined && /[\x85\u2028\u2029]/.test(text),
  },
  {
    what: 'the key __proto__',
    why: 'No object of Kubernetes has it, and it is an attack on programs in JavaScript.',
    covers: weRefuse(/the key __proto__ is not allowed/),
  },
  {
    what: 'more behind the end of the document, as the second pair of brackets in {} {}, or a map behind a line of text',
    why: 'Kubernetes drops it without a word, and what it read before is often no object.',
    covers: ({ ourError, theirs, theirError }) =>
      ourError !== undefined &&
      theirError === undefined &&
      (typeof theirs !== 'object' ||
        /end of the stream or a document separator|whitespace character|a key is a map or a list/.test(ourError)),
  },
  {
    what: 'a value that JSON cannot hold, under a key that is given again after it',
    why: 'Kubernetes looks only at the last one. The duplicate is a mistake in any case, and the first value shows which.',
    covers: weRefuse(/^a key is null$|^a number is infinite or not a number$|merge key/),
  },
  {
    what: '[?a], {?a: 1} and [!!str :a]',
    why: 'Kubernetes takes the question mark for the sign of a key, and makes a map of the first. Quotes say what is meant.',
    covers: weRefuse(/text that starts with [?:] needs quotes|missed comma between/, /[[{,\s][?:]\S/),
  },
  {
    what: '{a:, b: 1} and {a :}',
    why: 'Kubernetes takes the colon for a part of the key, unlike any reader of YAML 1.2. A blank after it says what is meant.',
    covers: weRefuse(/a colon inside brackets needs a space after it|missed comma between/, /:[,[\]{}]/),
  },
  {
    what: 'a dash alone in brackets, [-, 1]',
    why: 'YAML 1.2 forbids it, as it looks like a block list. Quotes say what is meant.',
    covers: weRefuse(/missed comma between/, /[[{,\s]-[,[\]{}]/),
  },
  {
    what: 'a byte order mark in the middle',
    why: 'It is no blank and no mark of anything there, and it cannot be seen.',
    covers: weRefuse(/^malformed YAML/, /[\s\S]\uFEFF/),
  },
  {
    what: 'an anchor with a colon in its name, &b:1',
    why: 'Kubernetes ends the name at the colon, and takes the rest for the value. A blank says what is meant.',
    covers: weRefuse(/^malformed YAML/, /&[-\w]+:\S/),
  },
  {
    what: 'a tag with a comma, a bracket or a quote in it or right behind it, [!!str, 1]',
    why: 'Kubernetes takes them for a part of the tag. A blank says what is meant.',
    covers: weRefuse(/tag suffix cannot contain|tag handle cannot contain|a tag needs a space after it/, /!/),
  },
  {
    what: 'two keys that are the same only as JSON, as 1 and "1"',
    why: 'Kubernetes takes the value of one of them, by chance. We take the last, with a warning.',
    byChance: true,
    covers: ({ text, ours, theirs }) =>
      ours !== undefined &&
      theirs !== undefined &&
      [...parseYamlDocuments(text)].some(
        (document) => !document.error && document.warnings.some(({ key }) => /^(?:true|false|[-+.]?[0-9].*)$/.test(key)),
      ),
  },
  {
    what: 'a block scalar that starts with a blank line deeper than its text',
    why: 'YAML 1.2 forbids it, because the depth of the text is in doubt.',
    covers: weRefuse(/bad indentation of a mapping entry/, /[|>][-+]?(?:[ \t]+#.*)?\r?\n(?: *\r?\n)* +\r?\n/),
  },
];

export function intendedFor(difference: Difference): Intended | undefined {
  return INTENDED.find(({ covers }) => covers(difference));
}
