/** What becomes of a container of an image. */
export type ImageRun =
  | { readonly state: 'runs' }
  /** No node can pull it. */
  | { readonly state: 'missing' }
  /** Its program ends at once. */
  | { readonly state: 'crashes'; readonly exitCode: number };

/** Decides by the image reference. */
export type RunOf = (image: string) => ImageRun;

/** Every image runs, except those with the tag `missing`. */
export function runByTag(image: string): ImageRun {
  return image.endsWith(':missing') ? { state: 'missing' } : { state: 'runs' };
}

/** Images of a registry end with the code in their environment variable EXIT_CODE, if they have one. */
export function runFrom({ environmentOf }: { readonly environmentOf: (image: string) => readonly string[] | undefined }): RunOf {
  return (image) => {
    const exitCode = environmentOf(image)
      ?.find((variable) => variable.startsWith('EXIT_CODE='))
      ?.slice('EXIT_CODE='.length);
    return exitCode === undefined ? runByTag(image) : { state: 'crashes', exitCode: Number(exitCode) };
  };
}
