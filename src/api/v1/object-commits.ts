import { redact } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { ObjectCommitsWire } from '../wire/index.ts';
import { objectIdOf } from './object-id.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/objects/commits?id=shop:deployment/cart`: the last commits of the file that an object is written in. */
export function objectCommitRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/objects/commits`,
      access: 'authorized',
      async handle({ query, signal }) {
        const { place, commits, isCut } = await daemon.objectCommits(objectIdOf(query), { signal });
        const body: ObjectCommitsWire = {
          ...(place ? { place: { ...place } } : {}),
          commits: commits.map(({ revision, subject, author, committedAt }) => ({
            revision,
            subject: redact(subject),
            author: author.name,
            at: new Date(committedAt).toISOString(),
          })),
          isCut,
        };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}
