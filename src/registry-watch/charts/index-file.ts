import { z } from 'zod';
import { FluxError, parseYamlDocuments, yieldTurn } from '../../base/index.ts';
import { jsonOf } from '../answer.ts';

/** A version of a chart in the index of a repository. */
export interface IndexedChart {
  readonly version: string;
  /** Where the archive is; the first is used. May be relative to the repository. */
  readonly urls: readonly string[];
  /** Of the archive, hexadecimal, with or without `sha256:`. */
  readonly digest?: string | undefined;
}

const Entry = z.object({
  version: z.string().max(200),
  urls: z.array(z.string().max(4000)).min(1).max(20),
  digest: z.string().max(100).nullish(),
});
const Json = z.object({ entries: z.record(z.string(), z.unknown()) });

const LINES_PER_TURN = 20_000;
const MAX_ENTRY_BYTES = 256 << 10;
const MAX_VERSIONS = 20_000;

/**
 * The versions of one chart in an `index.yaml`, which may list thousands of other charts: only the text of its own entries is parsed.
 * What is no entry is left out. As `helm repo index` writes it, in YAML or JSON.
 * @throws FluxError `helm/bad-index`, `registry/bad-answer`
 */
export async function versionsIn(index: Buffer, name: string, subject: string): Promise<readonly IndexedChart[]> {
  if (/^\s*\{/.test(index.toString('latin1', 0, 100))) {
    const parsed = Json.safeParse(jsonOf(index, subject));
    if (!parsed.success) throw badIndex(subject);
    const entries = Object.hasOwn(parsed.data.entries, name) ? parsed.data.entries[name] : [];
    return Array.isArray(entries) ? entries.flatMap(entryOf) : [];
  }
  const found: IndexedChart[] = [];
  for await (const text of entriesOf(index, name, subject)) {
    if (found.length > MAX_VERSIONS) throw badIndex(subject);
    const { value: document } = parseYamlDocuments(text).next();
    const [entry] = document && Array.isArray(document.value) ? document.value : [];
    found.push(...entryOf(entry));
    await yieldTurn();
  }
  return found;
}

function entryOf(value: unknown): readonly IndexedChart[] {
  const parsed = Entry.safeParse(value);
  if (!parsed.success) return [];
  const { digest, ...entry } = parsed.data;
  return [digest ? { ...entry, digest } : entry];
}

/** The text of each entry of a chart, as a list of one item. */
async function* entriesOf(index: Buffer, name: string, subject: string): AsyncGenerator<string> {
  const keys = [`${name}:`, `"${name}":`, `'${name}':`];
  let state: 'before' | 'charts' | 'chart' | 'after' = 'before';
  let indent: number | undefined;
  let entry: string[] = [];
  let [size, lines] = [0, 0];
  let found = false;
  for (let at = 0; at < index.length && state !== 'after'; ) {
    const newline = index.indexOf(10, at);
    const end = newline === -1 ? index.length : newline;
    const start = at;
    at = end + 1;
    lines += 1;
    if (lines % LINES_PER_TURN === 0) await yieldTurn();
    const line = index.toString('utf8', start, Math.min(end, start + MAX_ENTRY_BYTES)).trimEnd();
    const depth = line.search(/[^ ]/);
    if (depth === -1 || line[depth] === '#') continue;
    if (state === 'before') {
      if (/^entries:(?:\s*\{\s*\})?$/.test(line)) [state, found] = ['charts', true];
      continue;
    }
    if (depth === 0 && line[0] !== '-') {
      state = 'after';
      continue;
    }
    indent ??= depth;
    const isKey = depth === indent && line[depth] !== '-';
    if (isKey) {
      if (state === 'chart') state = 'after';
      else if (keys.includes(line.slice(depth))) state = 'chart';
      continue;
    }
    if (state !== 'chart') continue;
    const isItem = line.startsWith('- ', depth) && (entry.length === 0 || depth === (entry[0] ?? '').search(/[^ ]/));
    if (isItem && entry.length > 0) {
      yield `${entry.join('\n')}\n`;
      [entry, size] = [[], 0];
    }
    size += line.length;
    if (size > MAX_ENTRY_BYTES) throw badIndex(subject);
    entry.push(line);
  }
  if (!found) throw badIndex(subject);
  if (entry.length > 0) yield `${entry.join('\n')}\n`;
}

function badIndex(subject: string): FluxError {
  return new FluxError(`${subject}: the response is not the index of a chart repository`, {
    code: 'helm/bad-index',
    help: 'It is read as "helm repo index" writes it. The server at this address may be something else, such as a login page.',
  });
}
