import * as z from 'zod';
import { earliest, type FirstSeen } from '../../update/index.ts';
import type { Kind } from './remembered.ts';

const schema = z
  .record(z.string(), z.record(z.string(), z.tuple([z.string(), z.number().nonnegative()])))
  .transform((images): FirstSeen => {
    const tagsOf = (tags: (typeof images)[string]) =>
      new Map(Object.entries(tags).map(([tag, [digest, seconds]]) => [tag, { digest, since: seconds * 1000 }]));
    return new Map(Object.entries(images).map(([image, tags]) => [image, tagsOf(tags)]));
  });

/** When tags were first seen, in whole seconds since the epoch. */
export const FIRST_SEEN: Kind<FirstSeen> = {
  key: 'first-seen',
  empty: new Map(),
  damaged: new Map(),
  schema,
  toJson: (seen) =>
    Object.fromEntries(
      [...seen].map(([image, tags]) => [
        image,
        Object.fromEntries([...tags].map(([tag, { digest, since }]) => [tag, [digest, Math.ceil(since / 1000)]])),
      ]),
    ),
  join: earliest,
};
