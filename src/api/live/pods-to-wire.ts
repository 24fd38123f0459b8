import { redact, rfc3339 } from '../../base/index.ts';
import type { LiveReads } from '../../controller/index.ts';
import type { AmountsWire, LiveContainerWire, LivePodsWire, LivePodWire } from '../wire/index.ts';

type Report = Awaited<ReturnType<LiveReads['pods']>>;
type Pod = Report['pods'][number];
type Container = Pod['containers'][number];

export function podsToWire(id: string, { pods, isCut, usage }: Report): LivePodsWire {
  return {
    id,
    pods: pods.map(podToWire),
    isCut,
    usage: usage.state,
    ...(usage.state === 'unread' ? { noUsage: redact(usage.reason) } : {}),
  };
}

function podToWire({ name, phase, reason, unscheduled, ready, ending, node, createdAt, containers }: Pod): LivePodWire {
  const why = reason ?? unscheduled;
  return {
    name,
    phase,
    ...(why === undefined ? {} : { reason: redact(why) }),
    ready,
    ending,
    ...(node === undefined ? {} : { node }),
    ...(createdAt === undefined ? {} : { createdAt: rfc3339(createdAt) }),
    containers: containers.map(containerToWire),
  };
}

function containerToWire({
  name,
  image,
  type,
  ready,
  restarts,
  now,
  last,
  requests,
  limits,
  usage,
}: Container): LiveContainerWire {
  return {
    name,
    image,
    type,
    ready,
    restarts,
    state: now.state,
    ...stateOf(now),
    ...(last ? { previous: { reason: last.reason, exitCode: last.exitCode } } : {}),
    requests: amountsToWire(requests),
    limits: amountsToWire(limits),
    ...(usage ? { usage: amountsToWire(usage) } : {}),
  };
}

/** A copy, for the fields of the wire may be undefined. */
function amountsToWire(amounts: Container['requests']): AmountsWire {
  return { ...amounts };
}

function stateOf(now: Container['now']): Pick<LiveContainerWire, 'reason' | 'message' | 'exitCode'> {
  switch (now.state) {
    case 'waiting':
      return { reason: now.reason, ...(now.message === '' ? {} : { message: redact(now.message) }) };
    case 'terminated':
      return { reason: now.reason, exitCode: now.exitCode };
    default:
      return {};
  }
}
