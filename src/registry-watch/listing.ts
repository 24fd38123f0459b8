import { type Clock, FluxError, type Logger } from '../base/index.ts';
import type { ImageTarget } from '../image/index.ts';
import { asWorkloads } from './as-workloads.ts';
import type { Connection, Question } from './connection.ts';
import { accountKey, type Credential, type CredentialSource } from './credentials/index.ts';
import { fetched, type OnFetch } from './fetched.ts';
import { type ListCost, listTurn } from './list-cost.ts';
import type { HostLimit } from './rate-limit.ts';
import type { RepositoryState } from './repository.ts';
import type { RepositoryName } from './repository-name.ts';
import { isSameList } from './same-list.ts';
import { BudgetSpent, type Spending } from './spending.ts';
import { type KnownList, listTags, type TagList, type TagListOptions } from './tag-list.ts';

export interface ListingOptions {
  readonly connection: Connection;
  readonly credentials: CredentialSource;
  readonly limitOf: (host: string) => HostLimit;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for each tag list that was read. */
  readonly onFetch?: OnFetch | undefined;
}

export interface ScanRun {
  /** Whether a person or a notice asks for it. */
  readonly isAsked: boolean;
  readonly signal: AbortSignal;
}

/** Lists the tags of a repository by the first credential that may; notes in its state which one, and what the list took. */
export type Listing = (repository: RepositoryName, target: ImageTarget, state: RepositoryState, run: ScanRun) => Promise<TagList>;

/** Timeout for all pages of a tag list, including pauses of the rate limit. */
const LISTING_MS = 600_000;
/** How long a registry may confirm a list instead of sending it. */
const CONFIRMED_MS = 3_600_000;

export function createListing({ connection, credentials, limitOf, clock, log, onFetch }: ListingOptions): Listing {
  const listInTime = async (question: Question, options: TagListOptions): Promise<TagList> => {
    using deadline = clock.deadline(LISTING_MS, question.signal);
    try {
      return await listTags(connection, { ...question, signal: deadline.signal }, options);
    } catch (error) {
      question.signal?.throwIfAborted();
      if (deadline.signal.aborted) throw tooSlow(question.repository);
      throw error;
    }
  };

  /** The list that the registry may confirm. A list is read again each hour, in case the registry confirms what is not so. */
  const confirmableBy = ({ confirmable }: RepositoryState, credential: Credential | undefined): KnownList | undefined =>
    confirmable?.account === accountKey(credential) && clock.monotonic() - confirmable.readAt < CONFIRMED_MS
      ? { tags: confirmable.tags, entityTag: confirmable.entityTag }
      : undefined;

  const noteCost = (state: RepositoryState, target: ImageTarget, spending: Spending, cost: ListCost): void => {
    const isLast = () => listTurn(state.listCost, target, spending).purpose === 'spare';
    const wasLast = isLast();
    state.listCost = cost;
    if (!isLast() || wasLast) return;
    log.warn({ image: target.name, limit: spending.budget?.limit }, 'tag list too large for the rate limit: it is read last');
  };

  const noteConfirmable = (state: RepositoryState, { tags, entityTag }: TagList): void => {
    const readAt = clock.monotonic();
    // An equal list is kept once.
    const kept = isSameList(tags, state.tags) ? state.tags : tags;
    state.confirmable =
      entityTag === undefined ? undefined : { tags: kept, entityTag, account: accountKey(state.accepted), readAt };
  };

  return async (repository, target, state, { isAsked, signal }) => {
    const list = async (credential: Credential | undefined) => {
      const spending = limitOf(repository.host).spending(credential?.id ?? '');
      const purpose = isAsked ? 'now' : listTurn(state.listCost, target, spending).purpose;
      const question: Question = { repository, credential, purpose, signal };
      const known = isAsked ? undefined : confirmableBy(state, credential);
      const onCost = (cost: ListCost) => noteCost(state, target, spending, cost);
      try {
        const tags = await fetched('tags', { clock, onFetch }, () =>
          listInTime(question, { known, cost: state.listCost, onCost }),
        );
        state.accepted = credential;
        if (!tags.isConfirmed) noteConfirmable(state, tags);
        state.isListed = true;
        return tags;
      } catch (error) {
        // The rest of the list is read by the account whose budget it waits for.
        if (error instanceof BudgetSpent) state.accepted = credential;
        throw error;
      }
    };
    const workloads = { host: repository.host, pullSecrets: target.pullSecrets, accepted: state.accepted };
    return asWorkloads(workloads, list, { credentials, signal });
  };
}

/** The account that a repository is read by. */
export function accountOf({ accepted }: RepositoryState): string {
  return accepted?.id ?? '';
}

function tooSlow({ name }: RepositoryName): FluxError {
  return new FluxError(`tag list of ${name} timed out after ${LISTING_MS / 60_000} minutes`, {
    code: 'registry/slow-tag-list',
    help: 'The partial list is not used, because it may lack the newest tags.',
  });
}
