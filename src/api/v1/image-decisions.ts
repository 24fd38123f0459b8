import { redact } from '../../base/index.ts';
import { type Daemon, type DecidedContainer, decideEach } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { ImageDecisionsWire } from '../wire/index.ts';
import { pageOf } from './paging.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/images/decisions`: what automation does with each container in Git, paginated. */
export function imageDecisionRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/images/decisions`,
      access: 'authorized',
      async handle({ query }) {
        const byKey = new Map((await daemon.imageDecisions()).map((each) => [keyOf(each), each]));
        const { entries, next } = pageOf([...byKey.keys()].sort(), (key) => key, query);
        const containers: ImageDecisionsWire['containers'] = [];
        const wanted = entries.flatMap((key) => byKey.get(key) ?? []);
        for await (const { image, text, ...each } of decideEach(wanted))
          containers.push({ ...each, image: redact(image), text: redact(text) });
        const body: ImageDecisionsWire = { containers, ...(next === undefined ? {} : { next }) };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

function keyOf({ id, container, source = '' }: DecidedContainer): string {
  return `${id} ${container} ${source}`;
}
