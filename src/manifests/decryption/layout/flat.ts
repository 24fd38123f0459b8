import type { WrittenMetadata, WrittenValue } from '../metadata.ts';
import { badMetadata, type Layout, MAX_METADATA_LENGTH } from './layout.ts';

/** Metadata in files of names and values: `age__list_0__map_recipient` is what `age[0].recipient` is elsewhere (sops, stores/flatten.go). */
type Entries = readonly (readonly [name: string, value: string])[];

const DOTENV = 'sops_';
const SECTION = /^\s*\[([^\]]*)\]/;
const ENTRY = /^\s*(\w+)\s*[=:](.*)$/;
const COMMENT = /^\s*(?:[#;]|$)/;

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

/** Finds the metadata of an INI file: its section `sops`. @throws FluxError `decryption/bad-metadata` */
export function iniLayout(path: string, text: string): Layout | undefined {
  const [own, others]: [string[], string[]] = [[], []];
  let [sections, isOwn] = [0, false];
  for (const line of text.split(/\r?\n/)) {
    const section = SECTION.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      isOwn = section === 'sops';
      if (isOwn) sections += 1;
      else others.push(line);
    } else (isOwn ? own : others).push(line);
  }
  if (sections === 0) return undefined;
  if (sections > 1) throw badMetadata(path, 'it has several sections "sops"');
  const entries = own
    .filter((line) => !COMMENT.test(line))
    .map((line): Entries[number] => {
      const [, name, written = ''] = ENTRY.exec(line) ?? [];
      const value = written.trim();
      if (name === undefined || value.endsWith('\\') || value.startsWith('"""'))
        throw badMetadata(path, 'a line of its section "sops" is not as sops writes it');
      return [name, withBreaks(/^(["`])(.*)\1$/.exec(value)?.[2] ?? value)];
    });
  return {
    metadata: unflatten(path, entries),
    with: (metadata) =>
      `${others.join('\n')}\n[sops]\n${flatten(metadata)
        .map(([name, value]) => `${name} = ${quoted(withoutBreaks(value))}\n`)
        .join('')}`,
    without: () => others.join('\n'),
  };
}

function withBreaks(value: string): string {
  return value.replaceAll('\\n', '\n');
}

function withoutBreaks(value: string): string {
  return value.replaceAll('\n', '\\n');
}

/** What begins a comment or a quoted text would not be read as it is. */
function quoted(value: string): string {
  return /^\s|[#;"']|\s$/.test(value) ? `\`${value}\`` : value;
}

/** @throws FluxError `decryption/bad-metadata` if two entries have one place */
function unflatten(path: string, entries: Entries): unknown {
  const length = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (length > MAX_METADATA_LENGTH) throw badMetadata(path, 'what sops wrote about it is too long');
  const root = new Map<string, unknown>();
  for (const [name, value] of entries) {
    const steps = name.split(/__(?:map|list)_/);
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
