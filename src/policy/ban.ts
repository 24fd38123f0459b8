/** An image that automation must not choose, and that a person may release only with force. */
export type Ban =
  /** Also when the tag is pushed again. */
  | { readonly kind: 'tag'; readonly tag: string }
  /** Under every tag; `tag` is the one it was banned under, for people. */
  | { readonly kind: 'digest'; readonly digest: string; readonly tag?: string };

/** The bans of one container, oldest first. */
export interface Bans {
  readonly bans: readonly Ban[];
  /** Why the text is invalid: then it is unknown what is banned. */
  readonly problem?: string;
}

/** Number of bans that a change keeps, the newest ones. */
export const MAX_BANS = 10;

/** Longer texts, and more bans by hand, are rejected: every tag is compared with every ban. */
const MAX_LENGTH = 8192;
const MAX_BY_HAND = 100;

/** `1.3.0`, `2.0.0@sha256:…` or `@sha256:…`. */
const BAN = /^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@(sha256:[0-9a-f]{64}))?$/;

/** Parses the value of `ban.<container>`: bans separated by commas. Never throws; an empty text bans nothing. */
export function parseBans(text: string): Bans {
  if (text.length > MAX_LENGTH) return { bans: [], problem: `is longer than ${MAX_LENGTH} characters` };
  if (text.trim() === '') return { bans: [] };
  const bans: Ban[] = [];
  const parts = text.split(',');
  if (parts.length > MAX_BY_HAND) return { bans: [], problem: `has more than ${MAX_BY_HAND} bans` };
  for (const part of parts) {
    const ban = parseBan(part.trim());
    if (!ban)
      return {
        bans: [],
        problem: `has ${JSON.stringify(part.trim().slice(0, 100))}, which is not a tag, tag@sha256:… or @sha256:…`,
      };
    bans.push(ban);
  }
  return { bans };
}

function parseBan(text: string): Ban | undefined {
  const [, tag, digest] = BAN.exec(text) ?? [];
  if (digest !== undefined) return { kind: 'digest', digest, ...(tag === undefined ? {} : { tag }) };
  return tag === undefined ? undefined : { kind: 'tag', tag };
}

/** The inverse of `parseBans`. */
export function formatBans(bans: readonly Ban[]): string {
  return bans.map(formatBan).join(', ');
}

export function formatBan(ban: Ban): string {
  return ban.kind === 'tag' ? ban.tag : `${ban.tag ?? ''}@${ban.digest}`;
}

/** The bans with others added or renewed; only the newest ones are kept. */
export function withBans(bans: readonly Ban[], added: readonly Ban[]): readonly Ban[] {
  const unique = new Map(added.map((ban) => [identity(ban), ban]));
  return [...bans.filter((ban) => !unique.has(identity(ban))), ...unique.values()].slice(-MAX_BANS);
}

/** The bans without others. A digest is the same under every tag. */
export function withoutBans(bans: readonly Ban[], removed: readonly Ban[]): readonly Ban[] {
  const gone = new Set(removed.map(identity));
  return bans.filter((ban) => !gone.has(identity(ban)));
}

function identity(ban: Ban): string {
  return ban.kind === 'tag' ? ban.tag : `@${ban.digest}`;
}

/** The ban of an image with this tag and these digests (of the manifest and of the index), if there is one. */
export function banOf(bans: readonly Ban[], tag: string, digests: readonly string[]): Ban | undefined {
  return bans.find((ban) => (ban.kind === 'tag' ? ban.tag === tag : digests.includes(ban.digest)));
}

/** Whether it takes the digest of a tag to know that it is not banned. */
export function needsDigests(bans: readonly Ban[]): boolean {
  return bans.some(({ kind }) => kind === 'digest');
}
