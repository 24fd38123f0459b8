import { redact, yieldTurn } from '../../base/index.ts';
import type { Daemon, DecidedContainer } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import type { ImageDecisionsWire } from '../wire/index.ts';
import { pageOf } from './paging.ts';
import { V1_PREFIX } from './prefix.ts';

/** Decisions between two turns of the event loop, as in the overview. */
const PER_TURN = 20;

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
        for (const [index, key] of entries.entries()) {
          if (index % PER_TURN === 0) await yieldTurn();
          const each = byKey.get(key);
          if (each) containers.push(toWire(each));
        }
        const body: ImageDecisionsWire = { containers, ...(next === undefined ? {} : { next }) };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

function keyOf({ id, container, source = '' }: DecidedContainer): string {
  return `${id} ${container} ${source}`;
}

function toWire({ id, container, source, decide }: DecidedContainer): ImageDecisionsWire['containers'][number] {
  const { image, text, ...decision } = decide();
  return { id, container, ...(source === undefined ? {} : { source }), ...decision, image: redact(image), text: redact(text) };
}
