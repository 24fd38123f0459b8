interface Place {
  readonly revision: string;
  readonly path?: string;
  readonly line?: number;
}

/** The URL of a place at a Git host; undefined for what is no place there. */
export function webUrl(template: string, { revision, path = '', line = 1 }: Place): string | undefined {
  if (!/^[0-9a-f]{7,64}$/.test(revision)) return undefined;
  const values: Readonly<Record<string, string>> = {
    revision,
    path: path
      .split('/')
      .map((part) => encodeURIComponent(part.toWellFormed()))
      .join('/'),
    line: String(line),
  };
  const url = template.replace(/\{(revision|path|line)\}/g, (_, name: string) => values[name] ?? '');
  return asWebUrl(url);
}

/** A URL that others sent, as a link; undefined for one that would be no page. */
export function asWebUrl(url: string | undefined): string | undefined {
  return url !== undefined && /^https?:\/\//.test(url) ? url : undefined;
}
