import { type Clock, type Seal, yieldTurn } from '../../base/index.ts';
import { parsedJson } from '../parsed-json.ts';
import type { Verified } from '../signatures/checks.ts';
import type { BasisOf } from '../signatures/verifier.ts';
import type { GuardedStore } from './guarded-store.ts';
import { keyOf } from './keys.ts';
import { decodeKnown, digestOfKnown } from './known-tags.ts';
import { ScanHeader, type TagRecord } from './record.ts';
import { decodeTags } from './tag-blocks.ts';
import { decodeVerified } from './verified.ts';

export interface EntryReaderOptions {
  readonly store: GuardedStore;
  readonly seal: Seal;
  /** By what signatures are verified; undefined where no entry about them is believed. */
  readonly basisOf: BasisOf | undefined;
  readonly clock: Clock;
}

/** Texts by key. */
type Texts = ReadonlyMap<string, string>;

/** Entries of one read, about, and bytes whose seals are checked in one turn of the event loop. */
const READ_ENTRIES = 64;
const TURN_BYTES = 2 ** 20;

/**
 * Reads what a store has of image repositories. Entries whose seal is broken count as missing, and are added to `damaged`. Nothing holds
 * up the event loop, however large a repository is.
 */
export class EntryReader {
  readonly #options: EntryReaderOptions;

  constructor(options: EntryReaderOptions) {
    this.#options = options;
  }

  /** The last scans, by repository; undefined if the store does not answer. */
  async headers(names: readonly string[], damaged: string[]): Promise<ReadonlyMap<string, ScanHeader> | undefined> {
    const texts = await this.texts(names.map(keyOf.scan), damaged);
    if (texts === undefined) return undefined;
    return new Map(
      names.flatMap((name) => {
        const header = ScanHeader.safeParse(parsedJson(texts.get(keyOf.scan(name))));
        return header.success ? [[name, header.data] as const] : [];
      }),
    );
  }

  /** The texts under the keys that have one; undefined if the store does not answer. */
  async texts(keys: readonly string[], damaged: string[]): Promise<Texts | undefined> {
    const { store, seal } = this.#options;
    const found = new Map<string, string>();
    for (let from = 0; from < keys.length; from += READ_ENTRIES) {
      const values = await store.read(keys.slice(from, from + READ_ENTRIES));
      if (values === undefined) return undefined;
      let bytes = 0;
      for (const [key, value] of values) {
        const payload = seal.open(key, value);
        if (payload) found.set(key, Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
        else damaged.push(key);
        bytes += value.length;
        if (bytes < TURN_BYTES) continue;
        await yieldTurn();
        bytes = 0;
      }
    }
    return found;
  }

  /** The list of a scan; undefined if a part of it is missing. */
  tags(name: string, { blocks, digest }: ScanHeader, texts: Texts): Promise<readonly string[] | undefined> {
    return decodeTags(
      range(blocks).flatMap((block) => texts.get(keyOf.tags(name, block)) ?? []),
      digest,
    );
  }

  /** The images that had a valid signature, by what this fluxd verifies by. */
  verified(name: string, { verified }: ScanHeader, texts: Texts): readonly Verified[] {
    const { basisOf } = this.#options;
    const text = texts.get(keyOf.verified(name));
    return basisOf && text !== undefined && digestOfKnown(text) === verified ? decodeVerified(text, basisOf) : [];
  }

  /** What each entry with one of these digests says of tags, due by the monotonic clock; undefined for one that is missing. */
  async *known(
    name: string,
    { buckets }: Pick<ScanHeader, 'buckets'>,
    texts: Texts,
  ): AsyncGenerator<readonly TagRecord[] | undefined> {
    const { clock } = this.#options;
    const offset = clock.monotonic() - clock.now();
    for (const [bucket, digest] of buckets.entries()) {
      if (digest === '') continue;
      const text = texts.get(keyOf.known(name, bucket));
      if (text === undefined || digestOfKnown(text) !== digest) {
        yield undefined;
        continue;
      }
      yield decodeKnown(text).map(({ check, ...rest }) => ({ ...rest, check: { ...check, dueAt: check.dueAt + offset } }));
      await yieldTurn();
    }
  }
}

/** The keys of the entries that belong to a scan. */
export function keysOf(name: string, { blocks, buckets, verified }: ScanHeader): readonly string[] {
  return [
    ...(verified === undefined ? [] : [keyOf.verified(name)]),
    ...range(blocks).map((block) => keyOf.tags(name, block)),
    ...buckets.flatMap((digest, bucket) => (digest === '' ? [] : [keyOf.known(name, bucket)])),
  ];
}

/** Repositories whose entries are read together. */
export function* readTogether(headers: Iterable<readonly [string, ScanHeader]>) {
  let group: (readonly [string, ScanHeader])[] = [];
  let entries = 0;
  for (const each of headers) {
    group.push(each);
    entries += each[1].blocks + each[1].buckets.length;
    if (entries < READ_ENTRIES) continue;
    yield group;
    [group, entries] = [[], 0];
  }
  if (group.length > 0) yield group;
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}
