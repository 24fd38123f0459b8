import { z } from 'zod';

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

const packageSchema = z.strictObject({
  name: z.string(),
  version: z.string(),
  /** Where it was found; Debian takes a file away when a newer version replaces it. */
  url: z.url(),
  /** Bytes of the file. */
  size: z.int().positive(),
  sha256: hex(64),
});

const lockSchema = z.strictObject({
  /** When the lock was made, RFC 3339: the time of all files in the image. */
  created: z.iso.datetime(),
  packages: z.array(packageSchema).min(1),
});

export type LockedPackage = Readonly<z.infer<typeof packageSchema>>;

/** Each Debian package of the image by version, place and hash; written by `npm run build:image -- --refresh`. */
export interface DebianLock {
  readonly created: string;
  readonly packages: readonly LockedPackage[];
}

/** @throws Error that names the file and the first thing that is wrong with it */
export function parseDebianLock(text: string, file: string): DebianLock {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
  const { success, data: lock, error } = lockSchema.safeParse(data);
  if (!success) throw new Error(`${file}: ${z.prettifyError(error)}`);
  const names = lock.packages.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${file}: ${twice} is there twice`);
  return lock;
}
