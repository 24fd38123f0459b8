/** A piece of software that is in the image. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** Package URL; https://github.com/package-url/purl-spec. */
  readonly purl: string;
  readonly license?: License;
  /** SHA-256 in hex of the file that it came as. */
  readonly sha256?: string;
  /** Where that file is. */
  readonly url?: string;
  /** The `h1:` of go.sum, which is a hash over the files of a Go module. */
  readonly goSum?: string;
  /** What is linked or bundled into it. */
  readonly parts?: readonly Component[];
}

/** A valid SPDX expression, or names in another scheme, all of which apply to some file. */
export type License = { readonly expression: string } | { readonly names: readonly string[] };

/** What a bill of materials is about: the image. */
export interface About {
  readonly name: string;
  readonly version: string;
  /** `sha256:…` of the image's manifest. */
  readonly digest: string;
  /** RFC 3339. */
  readonly created: string;
  readonly components: readonly Component[];
}
