import * as z from 'zod';
import type { Suspension } from '../../update/index.ts';
import type { Kind } from './remembered.ts';

const schema = z
  .object({ user: z.string(), message: z.string(), since: z.iso.datetime() })
  .transform(({ since, ...who }): Suspension => ({ ...who, since: Date.parse(since) }))
  .nullable()
  .transform((suspension) => suspension ?? undefined);

/** The pause of all automation of a source. A damaged record pauses it: a person has written it. */
export const SUSPENSION: Kind<Suspension | undefined> = {
  key: 'suspension',
  empty: undefined,
  damaged: { user: '', message: 'the record of the suspension is damaged', since: 0 },
  schema,
  toJson: (value) => (value === undefined ? null : { ...value, since: new Date(value.since).toISOString() }),
  join: (stored) => stored,
};
