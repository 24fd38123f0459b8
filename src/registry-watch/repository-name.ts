import { FluxError } from '../base/index.ts';

/** An image repository as a registry is asked for it. */
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
 * Splits a canonical name, refusing what cannot be put into a URL as it is: manifests name images freely, and a name must not
 * choose another path on the registry.
 * @throws FluxError `registry/bad-name`.
 */
export function parseRepositoryName(name: string): RepositoryName {
  const slash = name.indexOf('/');
  const [host, path] = [name.slice(0, Math.max(slash, 0)), name.slice(slash + 1)];
  if (!HOST.test(host) || path.length > 255 || !path.split('/').every((component) => COMPONENT.test(component))) {
    throw new FluxError(`image repository ${JSON.stringify(name.slice(0, 300))} is not a name that a registry can be asked for`, {
      code: 'registry/bad-name',
      fault: 'user',
      help: 'Repository names are lower-case letters and digits with single separators (. _ __ -) inside, for example ghcr.io/acme/api.',
    });
  }
  return { name, host, path };
}

/** The host of a canonical name, port included; empty when there is none. */
export function hostOf(name: string): string {
  return name.slice(0, Math.max(0, name.indexOf('/')));
}

/** Whether a text from a registry is a tag; anything else is attacker's text and goes no further (S-056). */
export function isTag(text: string): boolean {
  return TAG.test(text);
}
