import type { Reading } from '../../base/index.ts';
import { canonicalName, tryParseImageRef } from '../../image/index.ts';
import { policiesOf, tagPatternFor } from '../../policy/index.ts';
import { type ClusterWorkload, type Container, containersOf, type ResourceId } from '../../resource/index.ts';
import { consider, considerTag, decide, type Pinning, type Question, type Timing } from '../../update/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { ContainerFacts, Facts, SourceFacts } from './facts.ts';
import type { Subject } from './subjects.ts';

/** What is in memory beside the subject itself. */
export interface Memory {
  readonly source: SourceFacts;
  /** The workloads of the cluster that the question is about. */
  readonly running: Reading<readonly ClusterWorkload[]>;
  readonly images: Pick<ImageWatch, 'repository' | 'scans' | 'barredBy'>;
  readonly timing: Timing;
  readonly pinning?: Pinning | undefined;
}

/** The facts about a subject that need no reading. */
export function gather(subject: Subject, memory: Memory): Facts {
  const { id, manifest, object, problem, unitProblem, duplicates, containers } = subject;
  const { timing, source } = memory;
  const running = runningOf(id, memory);
  const live = running.state === 'read' ? running.value : undefined;
  const inGit = policiesOf(manifest?.object.metadata.annotations);
  const inCluster = live && policiesOf(live.annotations);
  const all = manifest ? containersOf(manifest.object) : (live?.containers ?? []);
  const wanted = containers === undefined ? all : all.filter(({ name }) => containers.includes(name));
  const policies = { inGit, ...(inCluster ? { inCluster } : {}) };
  return {
    now: timing.now,
    ...(id === undefined ? {} : { id }),
    source,
    ...(manifest ? { manifest } : {}),
    duplicates,
    ...(problem ? { problem } : {}),
    ...(unitProblem ? { unitProblem } : {}),
    ...policies,
    running,
    ...(object ? { object } : {}),
    controllers: [],
    containers: wanted.map((container) => containerFacts(container, { ...policies, subject, memory, live })),
  };
}

function runningOf(id: ResourceId | undefined, { running }: Memory): Reading<ClusterWorkload | undefined> {
  return running.state === 'read' ? { state: 'read', value: running.value.find((each) => each.id === id) } : running;
}

function containerFacts(
  container: Container,
  {
    subject,
    memory: { images, timing, pinning },
    live,
    ...policies
  }: Pick<Question, 'inGit' | 'inCluster'> & {
    readonly subject: Subject;
    readonly memory: Memory;
    readonly live: ClusterWorkload | undefined;
  },
): ContainerFacts {
  const { name, image } = container;
  const question: Question = {
    container,
    inGit: policies.inGit,
    ...(policies.inCluster ? { inCluster: policies.inCluster } : {}),
    images,
    timing,
    pinning,
    ...(subject.id === undefined ? {} : { workload: subject.id }),
  };
  const ref = tryParseImageRef(image);
  const repository = ref && canonicalName(ref);
  const scan = repository === undefined ? undefined : images.scans().find((each) => each.name === repository);
  const barredBy = repository === undefined ? undefined : images.barredBy(repository);
  const runs = live?.containers.find((each) => each.name === name)?.image;
  const { tag } = subject;
  return {
    name,
    image,
    ...(runs === undefined || runs === image ? {} : { running: runs }),
    decision: decide(question),
    pattern: tagPatternFor(policies.inGit, name).text,
    considered: consider(question),
    tags: repository === undefined ? 0 : (images.repository(repository)?.tags.length ?? 0),
    ...(tag === undefined || images.repository(repository ?? '') === undefined
      ? {}
      : { asked: considerTag(question, tag) ?? { tag, verdict: 'absent' } }),
    ...(repository === undefined ? {} : { repository }),
    ...(scan ? { scan } : {}),
    ...(barredBy === undefined ? {} : { barredBy }),
    missingSecrets: [],
  };
}
