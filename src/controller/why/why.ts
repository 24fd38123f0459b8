import {
  asFluxError,
  type Cancellable,
  type Clock,
  type FluxError,
  hasCode,
  isNonEmpty,
  mapNonEmpty,
  type NonEmpty,
  readWithin,
} from '../../base/index.ts';
import type { ResourceId } from '../../resource/index.ts';
import type { Gate } from '../../schedule/index.ts';
import type { Pinning, Timing } from '../../update/index.ts';
import type { Leadership } from '../leadership/leadership.ts';
import type { Loop } from '../loop/loop.ts';
import type { Progress } from '../loop/progress.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { Source } from '../ports/source.ts';
import type { RepositoryView } from '../repository/view.ts';
import { type ObjectStates, problemsOfUnits } from '../sync/object-states.ts';
import { closedNow } from '../sync/sync-window.ts';
import { LINK_STATES, type Other, type WhyAnswer, type WhyQuestion } from './answer.ts';
import { explain } from './explain.ts';
import type { Facts, SourceFacts } from './facts.ts';
import { gather } from './gather.ts';
import { type LookUpDeps, lookUp } from './look-up.ts';
import { type Subject, subjectsOf } from './subjects.ts';

export interface WhyDeps {
  /** The name of the source. */
  readonly name: string;
  readonly source: LookUpDeps['source'] & Pick<Source, 'follows' | 'paths' | 'state' | 'accepted' | 'unverified'>;
  readonly desired: LookUpDeps['desired'];
  readonly cluster: LookUpDeps['cluster'] & Pick<Cluster, 'workloads'>;
  readonly images: Pick<ImageWatch, 'repository' | 'scans' | 'barredBy'>;
  readonly timing: () => Timing;
  readonly pinning?: Pinning;
  readonly progress: Progress;
  readonly objectStates: ObjectStates;
  readonly loop: Pick<Loop, 'trouble'>;
  readonly leadership: () => Leadership;
  /** The last revision of the branch that was read. */
  readonly currentView: () => Promise<RepositoryView | undefined>;
  /** When new revisions are applied. */
  readonly syncGate: Gate;
  readonly clock: Clock;
}

/** Answers why an object, an image or a file is as it is. It changes nothing and remembers nothing. */
export interface Why {
  /** @throws FluxError `why/nothing-found`, `resource/bad-id`, or that of a malformed image reference. */
  answer(question: WhyQuestion, options?: Cancellable): Promise<WhyAnswer>;
  /** How well this source knows what the question is about; 0 if not at all. */
  knows(question: WhyQuestion): Promise<number>;
}

export function createWhy(deps: WhyDeps): Why {
  /** The last revision that was read, or why it cannot be. */
  async function readRepository(): Promise<Repository> {
    try {
      const view = await deps.currentView();
      return view ? { view } : {};
    } catch (error) {
      return { unreadable: asFluxError(error, { code: 'why/unreadable' }) };
    }
  }

  function find(question: WhyQuestion, { view }: Repository): NonEmpty<Subject> {
    return subjectsOf(question, {
      ...(view ? { view } : {}),
      objects: deps.objectStates.view.objects,
      unitOf: (id) => deps.objectStates.unitOf(id),
    });
  }

  return {
    async answer(question, { signal } = {}) {
      const repository = await readRepository();
      const subjects = find(question, repository);
      const running = await readWithin(deps.clock, signal, (each) =>
        deps.cluster.workloads({ ids: idsOf(subjects) }, { signal: each }),
      );
      const memory = {
        source: sourceFacts(deps, repository),
        running,
        images: deps.images,
        timing: deps.timing(),
        pinning: deps.pinning,
      };
      const [{ facts }, ...rest] = worstFirst(mapNonEmpty(subjects, (subject) => gather(subject, memory)));
      return explain(
        await lookUp(facts, deps, signal),
        rest.map(({ brief }) => other(brief)),
      );
    },

    async knows(question) {
      try {
        const [{ manifest, problem, object }] = find(question, await readRepository());
        return manifest || problem ? 2 : object ? 1 : 0;
      } catch (error) {
        if (hasCode(error, 'why/nothing-found')) return 0;
        throw error;
      }
    },
  };
}

interface Repository {
  readonly view?: RepositoryView;
  readonly unreadable?: FluxError;
}

function idsOf(subjects: readonly Subject[]): readonly ResourceId[] {
  return subjects.flatMap(({ id }) => id ?? []);
}

interface Ranked {
  readonly facts: Facts;
  readonly brief: WhyAnswer;
}

/** The answer is about the object that is worst off. */
function worstFirst(all: NonEmpty<Facts>): NonEmpty<Ranked> {
  const ranked = mapNonEmpty(all, (facts) => ({ facts, brief: explain(facts) }));
  const sorted = ranked.toSorted((a, b) => LINK_STATES.indexOf(a.brief.state) - LINK_STATES.indexOf(b.brief.state));
  return isNonEmpty(sorted) ? sorted : ranked;
}

function sourceFacts(
  { name, source, progress, objectStates, loop, leadership, ...window }: WhyDeps,
  { view, unreadable }: Repository,
): SourceFacts {
  const { applied, failure, unrecorded } = progress;
  const { syncedAt } = objectStates.view;
  const head = source.accepted();
  const unverified = source.unverified();
  const automation = loop.trouble('automate');
  const closed = closedNow(window);
  return {
    name,
    branch: source.follows(),
    paths: source.paths,
    state: source.state(),
    leadership: leadership(),
    ...(head === undefined ? {} : { head }),
    ...(applied === undefined ? {} : { applied }),
    ...(syncedAt === undefined ? {} : { syncedAt }),
    ...(unverified ? { unverified } : {}),
    ...(closed ? { closed } : {}),
    ...(failure ? { failure } : {}),
    ...(unrecorded ? { unrecorded: { error: unrecorded.error, since: unrecorded.outcome.finishedAt } } : {}),
    ...(automation ? { automation } : {}),
    ...(unreadable ? { unreadable } : {}),
    refused: view?.state.errors.length ?? 0,
    failedUnits: [...problemsOfUnits(view?.state.errors ?? []).keys()],
  };
}

function other({ id, container, state, answer }: WhyAnswer): Other {
  return { ...(id === undefined ? {} : { id }), ...(container === undefined ? {} : { container }), state, text: answer };
}
