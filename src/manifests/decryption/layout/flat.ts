import type { WrittenMetadata, WrittenValue } from '../metadata.ts';
import { badMetadata, type Layout, MAX_METADATA_LENGTH } from './layout.ts';

/** Metadata in files of names and values: `age__list_0__map_recipient` is what `age[0].recipient` is elsewhere (sops, stores/flatten.go). */
type Entries = readonly (readonly [name: string, value: string])[];

const DOTENV = 'sops_';
/** The keys of a group, and what is about them, are six steps deep. */
const MAX_STEPS = 8;

/** Control characters and spaces that the reader of sops (gopkg.in/ini.v1) trims or keeps in another way than we do. */
const UNUSUAL = /[[\p{Cc}\p{Z}\uFEFF]--[\t ]]/v;
/** The lines that sops writes. Any other could open a section, or make the next line a part of it. */
const SKIPPED = /^[ \t]*(?:[#;]|$)/;
const SECTION = /^[ \t]*\[([^\]]+)\][ \t]*$/;
const ENTRY = /^[ \t]*([^\s=:"`[#;][^=:"`]*)[=:](.*)$/;
const VALUE = /^(?:(?!`|""")(?:.*[^\\])?|`[^`]*`)$/;
/** A value in `sops` that is read as it is written. */
const PLAIN = /^(?:[^\s"'`#;\\]|[^\s"'`#;][^`#;]*[^\s`#;\\])?$/;

/** Finds the metadata of a dotenv file: the lines whose names begin with `sops_`. @throws FluxError `decryption/bad-metadata` */
export function dotenvLayout(path: string, text: string): Layout | undefined {
  const lines = text.split('\n');
  const own = lines.filter((line) => line.startsWith(DOTENV));
  if (own.length === 0) return undefined;
  const entries = own.map((line): Entries[number] => {
    const at = line.indexOf('=');
    if (at < 0) throw badMetadata(path, 'a line that begins with "sops_" has no value');
    return [line.slice(DOTENV.length, at), withBreaks(line.slice(at + 1))];
  });
  const others = lines.filter((line) => !line.startsWith(DOTENV)).join('\n');
  return {
    metadata: unflatten(path, entries),
    with: (metadata) =>
      `${others}${others.endsWith('\n') || others === '' ? '' : '\n'}${flatten(metadata)
        .map(([name, value]) => `${DOTENV}${name}=${withoutBreaks(value)}\n`)
        .join('')}`,
    without: () => others,
  };
}

/**
 * Finds the metadata of an INI file: its section `sops`.
 * @throws FluxError `decryption/bad-metadata` also if a line of the file is not as sops writes it, since it could hide other metadata
 */
export function iniLayout(path: string, text: string): Layout | undefined {
  if (!text.includes('[sops]')) return undefined;
  const [own, others]: [Entries[number][], string[]] = [[], []];
  let [sections, isOwn] = [0, false];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const read = readIniLine(line);
    if (read === undefined) throw badMetadata(path, `line ${index + 1} is not as sops writes it`);
    if (read.kind === 'section') {
      isOwn = read.name === 'sops';
      if (isOwn) sections += 1;
    }
    if (!isOwn) others.push(line);
    else if (read.kind === 'entry') own.push([read.name, ownValue(path, read)]);
  }
  if (sections === 0) return undefined;
  if (sections > 1) throw badMetadata(path, 'it has several sections "sops"');
  return {
    metadata: unflatten(path, own),
    with: (metadata) =>
      `${others.join('\n')}\n[sops]\n${flatten(metadata)
        .map(([name, value]) => `${name} = ${quoted(withoutBreaks(value))}\n`)
        .join('')}`,
    without: () => others.join('\n'),
  };
}

type IniLine =
  | { readonly kind: 'skipped' }
  | { readonly kind: 'section'; readonly name: string }
  | { readonly kind: 'entry'; readonly name: string; readonly value: string };

/** Undefined if it is not as sops writes it. */
function readIniLine(line: string): IniLine | undefined {
  if (UNUSUAL.test(line)) return undefined;
  if (SKIPPED.test(line)) return { kind: 'skipped' };
  const section = SECTION.exec(line)?.[1];
  if (section !== undefined) return section === section.trim() ? { kind: 'section', name: section } : undefined;
  const [, name, written = ''] = ENTRY.exec(line) ?? [];
  const value = written.trim();
  return name !== undefined && VALUE.test(value) ? { kind: 'entry', name: name.trim(), value } : undefined;
}

function ownValue(path: string, { name, value }: { readonly name: string; readonly value: string }): string {
  if (!/^\w+$/.test(name) || !(PLAIN.test(value) || value.startsWith('`')))
    throw badMetadata(path, 'a line of its section "sops" is not as sops writes it');
  return withBreaks(value.startsWith('`') ? value.slice(1, -1) : value);
}

function withBreaks(value: string): string {
  return value.replaceAll('\\n', '\n');
}

function withoutBreaks(value: string): string {
  return value.replaceAll('\n', '\\n');
}

/** No value that was read has a quote of this kind. */
function quoted(value: string): string {
  return PLAIN.test(value) ? value : `\`${value}\``;
}

/** @throws FluxError `decryption/bad-metadata` if two entries have one place, or a name has too many steps */
function unflatten(path: string, entries: Entries): unknown {
  const length = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (length > MAX_METADATA_LENGTH) throw badMetadata(path, 'what sops wrote about it is too long');
  const root = new Map<string, unknown>();
  for (const [name, value] of entries) {
    const steps = name.split(/__(?:map|list)_/, MAX_STEPS + 1);
    if (steps.length > MAX_STEPS) throw badMetadata(path, 'an entry of sops has too long a name');
    let at = root;
    for (const step of steps.slice(0, -1)) {
      const next = at.get(step) ?? new Map<string, unknown>();
      if (!(next instanceof Map)) throw badMetadata(path, 'two of the entries of sops have one name');
      at.set(step, next);
      at = next;
    }
    const last = steps.at(-1) ?? '';
    if (at.has(last)) throw badMetadata(path, 'two of the entries of sops have one name');
    at.set(last, value);
  }
  return plain(root);
}

function plain(value: unknown): unknown {
  if (!(value instanceof Map)) return value;
  const entries = [...value].map(([key, each]): [string, unknown] => [key, plain(each)]);
  if (entries.every(([key]) => /^\d{1,3}$/.test(key)))
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, each]) => each);
  return Object.fromEntries(entries);
}

function flatten(value: WrittenMetadata): Entries {
  return Object.entries(value).flatMap(([key, each]) => flat(key, each));
}

function flat(name: string, value: WrittenValue): Entries {
  if (value === null) return [];
  if (isList(value)) return value.flatMap((each, index) => flat(`${name}__list_${index}`, each));
  if (typeof value === 'object') return Object.entries(value).flatMap(([key, each]) => flat(`${name}__map_${key}`, each));
  return [[name, String(value)]];
}

function isList(value: WrittenValue): value is readonly WrittenValue[] {
  return Array.isArray(value);
}
