/**
 * Whether kustomize would, or might, fetch a path from elsewhere: by its rules for HTTP and Git (a scheme, `git::`, `user@host:path`,
 * `github.com/…`), and some more. Such a path is never given to it, whether or not there is a file of this name (S-027).
 */
export function isRemote(path: string): boolean {
  const [first = ''] = path.split('/');
  // A scheme, a host with a port, and the form of scp have a colon before any slash; a user has an "@".
  return first.includes(':') || first.indexOf('@') > 0 || GITHUB.test(first) || path.includes('://');
}

/** In any case by the rule of Go, for which `İ` is an upper-case `i`. */
const GITHUB = /^g[iİ]thub\.com$/i;

/** Whether kustomize might fetch a text of several lines, if it cannot read it as a document, and so takes it for a path. */
export function startsRemote(text: string): boolean {
  return /^(?:[a-z]+:\/\/|git::|[a-z][a-z0-9-]*@|g[iİ]thub\.com[/:])/i.test(text);
}
