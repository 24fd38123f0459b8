import type { LineChange } from '../repository/index.ts';

/** Parses `git blame --porcelain`, which describes each commit where it first occurs. */
export function lineChanges(porcelain: Buffer): readonly LineChange[] {
  const commits = new Map<string, Map<string, string>>();
  const lines: { readonly revision: string; readonly line: number }[] = [];
  let fields = new Map<string, string>();
  for (const text of porcelain.toString('utf8').split('\n')) {
    // A tab precedes the content of the line.
    if (text.startsWith('\t')) continue;
    const [, revision, line] = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(text) ?? [];
    if (revision !== undefined && line !== undefined) {
      fields = commits.get(revision) ?? new Map();
      commits.set(revision, fields);
      lines.push({ revision, line: Number(line) });
      continue;
    }
    const blank = text.indexOf(' ');
    if (blank > 0) fields.set(text.slice(0, blank), text.slice(blank + 1));
  }
  return lines.map(({ revision, line }) => {
    const about = commits.get(revision);
    return {
      line,
      revision,
      author: about?.get('author') ?? '',
      at: Number(about?.get('committer-time') ?? Number.NaN) * 1000,
      subject: about?.get('summary') ?? '',
    };
  });
}
