import { redact } from '../../base/index.ts';
import type { AutomationState, Daemon } from '../../controller/index.ts';
import { actingUser } from '../access/acting-user.ts';
import { audited } from '../audit.ts';
import { parseJson } from '../body.ts';
import type { ApiRequest, Reply, Route } from '../route.ts';
import { badRequest } from '../status.ts';
import { type AutomationWire, whoAndWhySchema } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';

/**
 * `GET /api/v1/automation` says whether a person has suspended automation; `POST /api/v1/automation/suspend` and `/resume` change that.
 * All return the automation of each source. The changes go on when the client disconnects.
 */
export function automationRoutes(daemon: Daemon): readonly Route[] {
  const change = async (act: 'suspend' | 'resume', { body, audit, session }: ApiRequest) => {
    const { user: claims, message } = whoAndWhy(body);
    const by = { user: actingUser(session, claims), message };
    const work = () => (act === 'suspend' ? daemon.suspendAutomation(by) : daemon.resumeAutomation(by));
    return reply(await audited(audit, { act, claims, message }, work));
  };
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/automation`,
      access: 'authorized',
      handle: async ({ signal }) => reply(await daemon.automation({ signal })),
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/automation/suspend`,
      access: 'authorized',
      body: 'json',
      handle: (request) => change('suspend', request),
    },
    {
      methods: ['POST'],
      path: `${V1_PREFIX}/automation/resume`,
      access: 'authorized',
      body: 'json',
      handle: (request) => change('resume', request),
    },
  ];
}

function whoAndWhy(body: string): { readonly user: string; readonly message: string } {
  const parsed = whoAndWhySchema.safeParse(parseJson(body));
  if (parsed.success) return parsed.data;
  throw badRequest('the body does not say who and why', {
    help: 'Send {"user": "…", "message": "…"}; user has at most 256 characters, message 1,000, and both may be absent.',
    cause: parsed.error,
  });
}

function reply(states: readonly AutomationState[]): Reply {
  const body: AutomationWire = { sources: states.map(stateToWire) };
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

function stateToWire({ source, suspension, memory }: AutomationState): AutomationWire['sources'][number] {
  const reason = 'why' in memory ? memory.why?.message : undefined;
  return {
    name: source,
    ...(suspension ? { suspension: { ...suspension, since: new Date(suspension.since).toISOString() } } : {}),
    memory: { in: memory.in, ...(reason === undefined ? {} : { reason: redact(reason) }) },
  };
}
