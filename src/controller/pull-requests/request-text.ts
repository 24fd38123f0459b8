import { FluxError } from '../../base/index.ts';
import { type ImageOrigin, tryParseImageRef } from '../../image/index.ts';
import type { Revision } from '../../repository/index.ts';
import type { ProposedImage } from '../../update/index.ts';
import { type Fingerprint, fingerprintOf, formatFingerprint, shortHash, UNFINISHED } from './fingerprint.ts';

/** One row of the request: what a container has, and what it gets. */
export interface Row extends ProposedImage {
  readonly current: string;
  readonly origin: ImageOrigin | undefined;
}

export interface RequestText {
  readonly title: string;
  readonly body: string;
}

/** A text with the fingerprint that a request has when it is finished, and the one that it is created with. */
export interface WantedText extends RequestText {
  readonly fingerprint: Fingerprint;
  readonly unfinished: string;
}

export interface TextOptions {
  /** All that are proposed. */
  readonly images: readonly ProposedImage[];
  /** The first of them, up to `MAX_ROWS`. */
  readonly rows: readonly Row[];
  readonly branch: string;
  readonly base: string;
  /** Title in the first line, body below; the default text without one. */
  readonly template?: string | undefined;
  readonly limits: { readonly title: number; readonly body: number };
  /** Where the branch is, if the text is to be written again when that moves. */
  readonly tip?: Revision;
}

const DEFAULT_TEMPLATE = `{{title}}

Merge this to apply it to the cluster. Close it to reject these images; newer ones are proposed again.

{{images}}

{{sources}}

fluxd keeps this branch up to date, for as long as no one else pushes to \`{{branch}}\`.
`;

/** Rows that are shown; the others are counted. */
export const MAX_ROWS = 200;

/**
 * The text of a request. What comes from outside is shown as code in a limited alphabet, or as a link to an https URL in one, so that it can
 * neither mention a person, nor link elsewhere, nor leave its cell.
 * @throws FluxError `pull-request/bad-template`
 */
export function requestText(options: TextOptions): WantedText {
  const { images: all, template = DEFAULT_TEMPLATE, limits, tip = '' } = options;
  const values = valuesOf(options);
  const [first = '', ...rest] = fill(template, values).replaceAll('\r\n', '\n').split('\n');
  const title = cut(first.trim() === '' ? (values.title ?? '') : first.trim(), limits.title);
  const images = fingerprintOf(all);
  const text = rest
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  const room = limits.body - formatFingerprint({ text: shortHash(''), images }).length - 2;
  const shown = cut(text, room);
  const fingerprint = { text: shortHash(`${title}\n${shown}${tip}`), images };
  const bodyWith = (each: Fingerprint) => `${shown}\n\n${formatFingerprint(each)}`;
  return { title, body: bodyWith(fingerprint), unfinished: bodyWith({ text: UNFINISHED, images }), fingerprint };
}

function valuesOf({ images, rows, branch, base, limits }: TextOptions): Readonly<Record<string, string>> {
  return {
    title: titleOf(images),
    // A text that is cut off would end in the middle of a row.
    images: tableOf(rows, images.length, limits.body * 0.55),
    sources: within(sourcesOf(rows), limits.body * 0.25).join('\n'),
    branch: safe(branch),
    base: safe(base),
    count: String(images.length),
    workloads: [...new Set(rows.map(({ workload }) => workload))].map(code).join(', '),
  };
}

/** The first lines, as many as have the length. */
function within(lines: readonly string[], length: number): readonly string[] {
  let left = length;
  const end = lines.findIndex((line) => {
    left -= line.length + 1;
    return left < 0;
  });
  return end < 0 ? lines : lines.slice(0, end);
}

/** Replaces `{{name}}`. @throws FluxError `pull-request/bad-template` for an unknown name */
export function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{\{\s*([\w-]{1,40})\s*\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    throw new FluxError(`the template of pull requests has no value for {{${name}}}`, {
      code: 'pull-request/bad-template',
      fault: 'user',
      help: `Correct the file of --pull-request-template; there are ${Object.keys(values)
        .map((each) => `{{${each}}}`)
        .join(', ')}.`,
    });
  });
}

function titleOf(images: readonly ProposedImage[]): string {
  const targets = [...new Set(images.map(({ target }) => target))];
  const [only = ''] = targets;
  if (targets.length > 1) return `Update ${targets.length} images`;
  const { name, version } = split(only);
  // A title is plain text, where an @ is a mention.
  return `Update ${safe(name)} to ${safe(version)}`.replace(/(\S)@\S*/g, '$1').replaceAll('@', '');
}

function tableOf(rows: readonly Row[], all: number, length: number): string {
  const lines = rows.map(({ workload, container, current, target }) => {
    const [from, to] = [split(current), split(target)];
    const cells = [workload, container, to.name, from.name === to.name ? from.version : current, to.version];
    return `| ${cells.map(code).join(' | ')} |`;
  });
  const fitting = within(lines, length);
  const more = all > fitting.length ? [`\nand ${all - fitting.length} more.`] : [];
  return ['| Workload | Container | Image | From | To |', '| --- | --- | --- | --- | --- |', ...fitting, ...more].join('\n');
}

function sourcesOf(rows: readonly Row[]): readonly string[] {
  const byImage = new Map(rows.map(({ target, origin }) => [target, origin]));
  return [...byImage].flatMap(([image, origin]) => {
    const from = origin && originText(origin);
    return from === undefined ? [] : [`- ${code(image)} was built from ${from}`];
  });
}

/** Links to the source and its revision, where the labels have an https URL. */
function originText({ source, revision }: ImageOrigin): string | undefined {
  const url = source === undefined ? undefined : httpsUrl(source);
  const at = revision === undefined ? '' : code(revision.slice(0, 12));
  if (url === undefined) {
    const place = source === undefined ? '' : code(source);
    return [place, at].filter((each) => each !== '').join(' at ') || undefined;
  }
  const link = `[${safe(url.slice('https://'.length))}](${url})`;
  if (revision === undefined) return link;
  const isCommit = /^[0-9a-f]{7,64}$/.test(revision);
  return `${link} at ${isCommit ? `[${at}](${url}/commit/${revision})` : at}`;
}

/** Without credentials, query and fragment, in characters that end no link. */
function httpsUrl(text: string): string | undefined {
  const url = URL.parse(text.replace(/\.git$/, ''));
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') return undefined;
  const plain = `https://${url.host}${url.pathname}`.replace(/\/+$/, '');
  return /^https:\/\/[\w.:/~%+-]{1,300}$/.test(plain) ? plain : undefined;
}

function split(image: string): { readonly name: string; readonly version: string } {
  const ref = tryParseImageRef(image);
  if (!ref) return { name: image, version: '' };
  const digest = ref.digest === '' ? '' : `@${ref.digest}`;
  const full = image.slice(0, image.length - digest.length);
  const name = ref.tag === '' ? full : full.slice(0, full.length - ref.tag.length - 1);
  return { name, version: `${ref.tag}${digest}` || 'latest' };
}

/** Characters of ids and images. None of them begins or ends Markdown inside of code; Azure DevOps mentions people as `@<id>`. */
function safe(text: string): string {
  return text
    .slice(0, 400)
    .replace(/[^\w.:/@<>+~%-]/g, '?')
    .replaceAll('@<', '@?');
}

function code(text: string): string {
  return `\`${safe(text) || '-'}\``;
}

function cut(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}
