import { redact, rfc3339 } from '../../base/index.ts';
import type { Daemon, Link, WhyAnswer, WhyQuestion } from '../../controller/index.ts';
import type { Route } from '../route.ts';
import { badRequest } from '../status.ts';
import type { WhyWire } from '../wire/index.ts';
import { textParameter } from './parameter.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/why?id=…&container=…`, `?image=…&namespace=…` or `?file=…`: why it is as it is. */
export function whyRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/why`,
      access: 'authorized',
      async handle({ query, signal }) {
        const answer = await daemon.why(parseQuestion(query), { signal });
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(answerToWire(answer)) };
      },
    },
  ];
}

/** @throws FluxError `api/bad-request` unless the query asks about exactly one thing. */
function parseQuestion(query: URLSearchParams): WhyQuestion {
  const [id, image, file, container, namespace] = ['id', 'image', 'file', 'container', 'namespace'].map((name) =>
    textParameter(query, name),
  );
  const asked = [id, image, file].filter((each) => each !== undefined);
  if (asked.length !== 1) {
    throw badRequest(`the query asks about ${asked.length === 0 ? 'nothing' : 'several things'}`, {
      help: 'Give one of id, image and file: ?id=shop:deployment/cart, ?image=acme/cart:1.4, ?file=deploy/cart.yaml:12.',
    });
  }
  if (id !== undefined) return { by: 'id', id, ...(container === undefined ? {} : { container }) };
  if (image !== undefined) return { by: 'image', image, ...(namespace === undefined ? {} : { namespace }) };
  const [, path = '', line] = /^(.*?)(?::(\d{1,7}))?$/s.exec(file ?? '') ?? [];
  return { by: 'file', file: path, ...(line === undefined ? {} : { line: Number(line) }) };
}

function answerToWire({ answer, state, cause, id, container, source, next, links, tags, others }: WhyAnswer): WhyWire {
  return {
    answer: redact(answer),
    state,
    cause,
    ...(id === undefined ? {} : { id }),
    ...(container === undefined ? {} : { container }),
    ...(source === undefined ? {} : { source }),
    ...(next === undefined ? {} : { next: nextToWire(next) }),
    links: links.map(linkToWire),
    tags: tags.map((each) => ({ container: each.container, tags: [...each.tags] })),
    others: others.map((other) => ({ ...other, text: redact(other.text) })),
  };
}

function linkToWire({ kind, container, state, code, text, since, facts }: Link): WhyWire['links'][number] {
  return {
    kind,
    ...(container === undefined ? {} : { container }),
    state,
    code,
    text: redact(text),
    ...(since === undefined || !Number.isFinite(since) ? {} : { since: rfc3339(since) }),
    facts: facts.map(({ name, value }) => ({ name, value: redact(value) })),
  };
}

function nextToWire({ text, at }: NonNullable<WhyAnswer['next']>): NonNullable<WhyWire['next']> {
  return { text: redact(text), ...(at === undefined ? {} : { at: rfc3339(at) }) };
}
