/** What an image was built from, by its labels. */
export interface ImageOrigin {
  /** Where the source is, without credentials: `https://github.com/acme/shop`. */
  readonly source?: string;
  /** Revision of the source. */
  readonly revision?: string;
}

const SOURCE = 'org.opencontainers.image.source';
const REVISION = 'org.opencontainers.image.revision';

/** Both end up in commit messages: no character that starts a trailer, a mention, a reference or `[ci skip]`. */
const SOURCE_FORM = /^(?:[a-z][a-z0-9+.-]*:\/\/)?[A-Za-z0-9][A-Za-z0-9._~:/%+-]{0,255}$/;
const REVISION_FORM = /^[A-Za-z0-9][A-Za-z0-9._+/-]{0,127}$/;

/** The origin in the labels of an image; labels of another form are ignored. Undefined if nothing is known. */
export function originOf(labels: Readonly<Record<string, unknown>>): ImageOrigin | undefined {
  const source = inForm(SOURCE_FORM, withoutUser(labels[SOURCE]));
  const revision = inForm(REVISION_FORM, labels[REVISION]);
  if (source === undefined && revision === undefined) return undefined;
  return { ...(source === undefined ? {} : { source }), ...(revision === undefined ? {} : { revision }) };
}

function inForm(form: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && form.test(value) ? value : undefined;
}

/** `git@` is no part of a place, and neither is a password. */
function withoutUser(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/@]*@/, '$1') : value;
}
