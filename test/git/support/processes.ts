import { readdirSync, readFileSync } from 'node:fs';

/** Command lines of all processes that can be read, by process id. */
export function commandLines(): ReadonlyMap<string, string> {
  return new Map(
    readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map((id) => [id, read(`/proc/${id}/cmdline`).replaceAll('\0', ' ')]),
  );
}

/** Command lines of the processes whose environment holds the text. */
export function processesWith(text: string): readonly string[] {
  return [...commandLines()].flatMap(([id, line]) => (read(`/proc/${id}/environ`).includes(text) ? [line] : []));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
