import { FluxError } from '../base/index.ts';

/** An image repository in the form that registry requests use. */
export interface RepositoryName {
  /** Canonical name, `index.docker.io/library/alpine`. */
  readonly name: string;
  /** Registry host with port, as in the name. */
  readonly host: string;
  /** Path of the repository, `library/alpine`. */
  readonly path: string;
}

// Grammar of the OCI distribution specification, section "Pulling manifests".
const HOST = /^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?(?::\d{1,5})?$/i;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;

/**
 * Splits a canonical name. Rejects names that cannot be put into a URL unchanged: names come from manifests, and must not select another
 * path on the registry.
 * @throws FluxError `registry/bad-name`.
 */
export function parseRepositoryName(name: string): RepositoryName {
  const slash = name.indexOf('/');
  const [host, path] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
  if (!HOST.test(host) || path.length > 255 || !path.split('/').every((component) => COMPONENT.test(component))) {
    throw new FluxError(`image repository ${JSON.stringify(name.slice(0, 300))} is not a valid repository name`, {
      code: 'registry/bad-name',
      fault: 'user',
      help: 'Repository names consist of lower-case letters and digits with single separators (. _ __ -) between them, for example ghcr.io/acme/api.',
    });
  }
  return { name, host, path };
}

/** The host of a canonical name, including port; may be empty. */
export function hostOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')));
}

/** Whether a text from a registry is a valid tag; anything else is untrusted text and is dropped (S-056). */
export function isTag(text: string): boolean {
  return TAG.test(text);
}
