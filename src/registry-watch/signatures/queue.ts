import type { SignatureQuestion } from '../../policy/index.ts';

/** A question in the queue. */
export interface Queued {
  readonly question: SignatureQuestion;
  /** Whether a person waits, so that what was unsigned a moment ago is verified again. */
  readonly isUrgent: boolean;
  /** Number of the last look when it was asked. */
  readonly after: number;
  /** Whether it is about an image that has not been looked at. */
  readonly isNew: boolean;
}

/** Questions that are kept: each may name a hundred images. */
const MAX_QUEUED = 100;

/**
 * What is asked of the signatures of one repository, until it is answered. When the queue is full, a question takes the place of one that
 * matters less: persons wait, and a first look is worth more than another one. So every image is looked at in the end, however much is
 * asked again and again.
 */
export class SignatureQueue {
  readonly #queued = new Map<string, Queued>();

  get size(): number {
    return this.#queued.size;
  }

  /** Whether questions may have been refused. */
  get isFull(): boolean {
    return this.#queued.size >= MAX_QUEUED;
  }

  /** Takes a question, unless it is asked already, or others matter as much and there is no room. */
  ask(queued: Queued): void {
    const key = keyOf(queued);
    if (this.#queued.has(key) ? queued.isUrgent : this.#makeRoomFor(queued)) this.#queued.set(key, queued);
  }

  /** The questions of persons, then the others; in each part the oldest first. */
  inTurn(): readonly (readonly Queued[])[] {
    const { persons = [], others = [] } = Object.groupBy(this.#queued.values(), ({ isUrgent }) =>
      isUrgent ? 'persons' : 'others',
    );
    return [persons, others];
  }

  /** Notes that all images of a question have been looked at once. */
  notNew(queued: Queued): void {
    if (this.has(queued)) this.#queued.set(keyOf(queued), { ...queued, isNew: false });
  }

  answered(queued: Queued): void {
    if (this.has(queued)) this.#queued.delete(keyOf(queued));
  }

  /** Whether a question is still in the queue; not if it has been asked again meanwhile. */
  has(queued: Queued): boolean {
    return this.#queued.get(keyOf(queued))?.question === queued.question;
  }

  /** Whether there is room, if need be where a question was that matters less. */
  #makeRoomFor(queued: Queued): boolean {
    if (!this.isFull) return true;
    const least = [...this.#queued].reduce((least, each) => (weightOf(each[1]) <= weightOf(least[1]) ? each : least));
    return weightOf(least[1]) < weightOf(queued) && this.#queued.delete(least[0]);
  }
}

function keyOf({ question: { candidates, policies } }: Queued): string {
  return JSON.stringify([policies.map(({ text }) => text), candidates]);
}

function weightOf({ isUrgent, isNew }: Queued): number {
  return 2 * Number(isUrgent) + Number(isNew);
}
