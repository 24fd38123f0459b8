import type { LiveReads } from '../../controller/index.ts';
import { jsonReply } from '../json-reply.ts';
import type { ApiRequest, Reply, Route } from '../route.ts';
import { notInGit, objectIdOf, V1_PREFIX } from '../v1/index.ts';
import { eventsOfLog } from './log-events.ts';
import { logQueryOf } from './log-query.ts';
import type { LogStreams } from './log-streams.ts';
import { objectToWire } from './object-to-wire.ts';
import { podsToWire } from './pods-to-wire.ts';

type Question = Parameters<LiveReads['object']>[0];

export const LIVE_PREFIX = `${V1_PREFIX}/live`;

/** What a caller may look at: the cluster, with what it needs of Git. */
export interface Admitted extends Pick<Question, 'permit'> {
  /** Who it is; empty where there is one caller alone. */
  readonly caller: string;
  readonly reads: LiveReads;
  readonly manifest: (id: Question['id']) => Promise<Question['desired'] | undefined>;
}

export interface LiveOptions {
  /** @throws FluxError for a caller that gets nothing at all. */
  readonly admit: (request: ApiRequest) => Admitted;
  readonly streams: LogStreams;
}

/**
 * `GET /api/v1/live/object?id=…`: what the cluster has of an object of the repository. `GET /api/v1/live/pods?id=…`: the pods of a
 * workload, with what they use. `GET /api/v1/live/logs?id=…&pod=…&container=…`: the log of one of their containers, as server-sent events
 * (HTML standard, 9.2). All are read with the rights of the caller, and kept by no cache.
 */
export function liveRoutes({ admit, streams }: LiveOptions): readonly Route[] {
  const routeTo = (
    name: string,
    answer: (request: ApiRequest, admitted: Admitted, question: Question) => Promise<Reply>,
  ): Route => ({
    methods: ['GET'],
    path: `${LIVE_PREFIX}/${name}`,
    access: 'authorized',
    async handle(request) {
      const admitted = admit(request);
      const id = objectIdOf(request.query);
      const desired = await admitted.manifest(id);
      if (!desired) throw notInGit(id);
      return answer(request, admitted, { id, desired, permit: admitted.permit });
    },
  });
  return [
    routeTo('object', async ({ signal }, { reads }, question) =>
      jsonReply(200, objectToWire(question.id, await reads.object(question, { signal }))),
    ),
    routeTo('pods', async ({ signal }, { reads }, question) =>
      jsonReply(200, podsToWire(question.id, await reads.pods(question, { signal }))),
    ),
    routeTo('logs', async ({ query, signal }, { reads, caller }, question) => {
      const asked = logQueryOf(query);
      const leave = streams.enter(caller, signal);
      try {
        const body = eventsOfLog(await reads.logs({ ...question, ...asked }, { signal }), { signal, leave });
        return {
          status: 200,
          headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', Connection: 'close' },
          body,
        };
      } catch (error) {
        leave();
        throw error;
      }
    }),
  ];
}
