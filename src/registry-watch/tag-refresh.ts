import { asFluxError, type Clock, FluxError, type Logger } from '../base/index.ts';
import type { ImageInfo } from '../image/index.ts';
import type { Connection, Question } from './connection.ts';
import { fetched, type OnFetch } from './fetched.ts';
import { type ConfigCache, creationOf, fetchImageFacts, type ImageFacts } from './image-facts.ts';
import { headManifest } from './image-manifest.ts';
import type { RepositoryState, TagCheck } from './repository.ts';
import { BudgetSpent } from './spending.ts';

export interface TagRefreshOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly log: Logger;
  readonly configs: ConfigCache;
  /** Globs of canonical names whose images use the build time in labels. */
  readonly useLabels: readonly string[];
  /** Concurrent reads of tags in one repository. */
  readonly parallel: number;
  readonly onFetch?: OnFetch | undefined;
}

/**
 * Refreshes the metadata of tags, until the budget of the host must last, and resolves to whether it changed.
 * @throws FluxError only if the whole scan must stop.
 */
export type TagRefresh = (state: RepositoryState, question: Question, tags: readonly string[]) => Promise<boolean>;

const HOUR_MS = 3_600_000;
const FIRST_CHECK_MS = HOUR_MS;
const MIN_CHECK_MS = 300_000;
const MAX_CHECK_MS = 168 * HOUR_MS;
const EXCLUDED_CHECK_MS = 24 * HOUR_MS;
const FIRST_RETRY_MS = 60_000;
/** After this many consecutive failures a tag counts as unreadable, so that it does not hold back others. */
const GIVE_UP_AFTER = 3;

/** Permanent errors, which an early retry would not change. */
const LASTING: readonly string[] = ['registry/no-suitable-manifest', 'registry/bad-manifest', 'http/too-large'];

/** Permanent errors only on repetition: a tag that was just pushed may be listed before it is readable everywhere. */
const LASTING_WHEN_REPEATED: readonly string[] = ['registry/digest-mismatch', 'registry/not-found', 'registry/unauthorized'];

export function createTagRefresh(options: TagRefreshOptions): TagRefresh {
  const { connection, clock, log, configs, useLabels, parallel } = options;
  const infoOf = (tag: string, facts: ImageFacts, name: string): ImageInfo => {
    const { digest, indexDigest, imageId, labels, origin, timeProblem } = facts;
    const time = creationOf(facts, name, useLabels);
    const error =
      time.createdAt === undefined && timeProblem !== undefined
        ? new FluxError(timeProblem, { code: 'registry/bad-time' })
        : undefined;
    return {
      tag,
      digest,
      imageId,
      labels,
      fetchedAt: clock.now(),
      ...(indexDigest === undefined ? {} : { indexDigest }),
      ...(origin === undefined ? {} : { origin }),
      ...time,
      ...(error === undefined ? {} : { error }),
    };
  };

  /** Refreshes one tag; resolves to whether its metadata changed. */
  const refreshTag = async (state: RepositoryState, question: Question, tag: string): Promise<boolean> => {
    const before = state.checks.get(tag);
    const known = state.images.get(tag);
    if (before?.served !== undefined && known) {
      if ((await headManifest(connection, question, tag)) === before.served) {
        state.confirm(known, clock.now());
        state.schedule(tag, checkAfter(before.intervalMs * 2, before.served));
        return false;
      }
    }
    const facts = await fetchImageFacts(connection, question, tag, configs);
    const info = infoOf(tag, facts, question.repository.name);
    const served = facts.indexDigest ?? facts.digest;
    const moved = before?.served !== undefined && before.served !== served;
    // A moved tag may move again: refresh it twice as often (Flux v1).
    state.schedule(tag, checkAfter(moved ? before.intervalMs / 2 : FIRST_CHECK_MS, served));
    state.learn(info);
    return moved || known === undefined || known.error !== undefined;
  };

  const checkAfter = (wanted: number, served: string): TagCheck => {
    const intervalMs = Math.min(Math.max(wanted, MIN_CHECK_MS), MAX_CHECK_MS);
    return { served, intervalMs, dueAt: clock.monotonic() + intervalMs, failures: 0 };
  };

  /** Records a failure; returns whether the tag has become unreadable by it. */
  const fail = (state: RepositoryState, tag: string, error: FluxError): boolean => {
    const before = state.checks.get(tag);
    const known = state.images.get(tag);
    const failures = (before?.failures ?? 0) + 1;
    const lasting = LASTING.includes(error.code) || (failures > 1 && LASTING_WHEN_REPEATED.includes(error.code));
    const retryMs = lasting ? lastingRetryMs(error) : Math.min(HOUR_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10));
    // A failed request keeps good data; a tag that now has other, unreadable content loses it.
    const keep = known !== undefined && known.error === undefined && (!lasting || error.code === 'registry/unauthorized');
    const served = keep && before?.served !== undefined ? { served: before.served } : {};
    state.schedule(tag, {
      ...served,
      intervalMs: before?.intervalMs ?? FIRST_CHECK_MS,
      dueAt: clock.monotonic() + retryMs,
      failures,
    });
    if (keep || (!lasting && failures < GIVE_UP_AFTER)) return false;
    state.learn({ tag, labels: {}, fetchedAt: clock.now(), error });
    return known?.error === undefined;
  };

  return async (state, question, tags) => {
    const queue = tags.toReversed();
    const unreadable: string[] = [];
    let changed = false;
    let stopped: unknown;
    const work = async () => {
      for (let tag = queue.pop(); tag !== undefined && stopped === undefined; tag = queue.pop()) {
        try {
          const asked = state.asked.has(tag) ? { ...question, purpose: 'now' as const } : question;
          changed = (await fetched('metadata', options, () => refreshTag(state, asked, tag))) || changed;
        } catch (thrown) {
          const error = asFluxError(thrown, { code: 'registry/failed' });
          if (question.signal?.aborted || error.code === 'registry/rate-limited' || error instanceof BudgetSpent) stopped = error;
          else if (fail(state, tag, error)) unreadable.push(`${tag}: ${error.message}`);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(parallel, queue.length) }, work));
    if (unreadable.length > 0) {
      log.warn({ image: question.repository.name, tags: unreadable.length, first: unreadable[0] }, 'image tags unreadable');
    }
    if (stopped !== undefined && !(stopped instanceof BudgetSpent)) throw stopped;
    return changed || unreadable.length > 0;
  };
}

function lastingRetryMs({ code }: FluxError): number {
  return code === 'registry/no-suitable-manifest' ? EXCLUDED_CHECK_MS : HOUR_MS;
}
