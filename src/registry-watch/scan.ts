import { asFluxError, type FluxError, messageOf } from '../base/index.ts';
import type { ImageTarget } from '../image/index.ts';
import { tooLarge } from './list-cost.ts';
import { accountOf, createListing, type ListingOptions, type ScanRun } from './listing.ts';
import { MAX_TURN_MS } from './rate-limit.ts';
import type { RepositoryState } from './repository.ts';
import { hostOf, parseRepositoryName } from './repository-name.ts';
import { signedBy } from './signatures/checks.ts';
import type { VerifySignatures } from './signatures/verifier.ts';
import { verifyAsked } from './signatures/verify-asked.ts';
import { BudgetSpent, type Spending } from './spending.ts';
import { suspicionOf } from './suspect.ts';
import type { TagRefresh } from './tag-refresh.ts';
import { askForNew, isDue, wantedTags } from './wanted-tags.ts';

export interface ScanOptions extends ListingOptions {
  readonly refresh: TagRefresh;
  readonly verify: VerifySignatures;
  /** Time from one scan of a repository to the next, in milliseconds. */
  readonly intervalMs: number;
}

export interface ScanResult {
  /** Whether there are new tags, or new metadata of wanted tags. */
  readonly news: boolean;
  /** Earliest time of the next scan, by the monotonic clock, if the registry requested a pause. */
  readonly notBefore: number;
  /** Whether wanted metadata remains for another scan soon. */
  readonly unfinished: boolean;
  /** Whether nothing was asked, so that the budget of the host lasts; then the scan is due again at `notBefore`. */
  readonly postponed?: true;
}

/** Scans one repository. Errors are logged and stored in its state; earlier data stays. Throws only when aborted. */
export interface Scan {
  /** Reads tags first, then the needed metadata. */
  run(state: RepositoryState, target: ImageTarget, options: ScanRun): Promise<ScanResult>;
  /** Reads what is still needed after the scan of another daemon. */
  complete(state: RepositoryState, target: ImageTarget, options: ScanRun): Promise<ScanResult>;
  /** Reads metadata that only listings show, of small repositories. */
  fillIn(state: RepositoryState, target: ImageTarget, signal: AbortSignal): Promise<void>;
  /** End of the pause requested by a repository's host, by the monotonic clock; in the past if there is none. */
  blockedUntil(name: string): number;
  /** The budget by which a repository is read. */
  spending(state: RepositoryState, target: ImageTarget): Spending;
  /** Why the last scan failed, or why there is none; undefined if all is well. */
  errorOf(state: RepositoryState, target: ImageTarget): FluxError | undefined;
}

/** In repositories up to this size all tags are read, so that listings show all dates. */
const SMALL = 200;
/** Tags read in one scan, so that new tags are found while a large repository is still being read. */
const FACTS_PER_SCAN = 500;

export function createScan(options: ScanOptions): Scan {
  const { limitOf, refresh, verify, intervalMs, clock, log } = options;
  const list = createListing(options);

  /** Reads metadata of the tags that are wanted and not left out, and verifies signatures. */
  const readWanted = async (
    state: RepositoryState,
    target: ImageTarget,
    { signal }: ScanRun,
    isLeftOut: (tag: string) => boolean = () => false,
  ): Promise<Pick<ScanResult, 'news' | 'unfinished'>> => {
    const repository = parseRepositoryName(target.name);
    const question = { repository, credential: state.accepted, purpose: 'other', signal } as const;
    const wanted = wantedNow(state, target).filter((tag) => !isLeftOut(tag));
    const changed = await refresh(state, question, wanted.slice(0, FACTS_PER_SCAN));
    // It decides about an update that waits.
    const verified = await verifyAsked(state, { ...question, purpose: 'now' }, { verify, refresh, clock });
    limitOf(repository.host).recover();
    if (state.error) log.info({ image: target.name }, 'image scan recovered');
    state.error = undefined;
    const isMore = wanted.length > FACTS_PER_SCAN || state.signatureQueue.size > 0;
    // Where the budget must last, another scan now would only list the tags again.
    const wait = limitOf(repository.host).spending(accountOf(state)).waitFor({ kind: 'manifest', purpose: 'other' });
    return { news: changed || verified, unfinished: isMore && wait <= MAX_TURN_MS };
  };

  const wantedNow = (state: RepositoryState, target: ImageTarget) => {
    const checksFree = !limitOf(hostOf(target.name)).spending(accountOf(state)).isCounted('head');
    return wantedTags(state, target, { now: clock.monotonic(), checksFree });
  };

  /** Lists the tags and reads the needed metadata. */
  const look = async (
    state: RepositoryState,
    target: ImageTarget,
    run: ScanRun,
  ): Promise<Pick<ScanResult, 'news' | 'unfinished'>> => {
    const { signal } = run;
    const repository = parseRepositoryName(target.name);
    const { tags, dropped } = await list(repository, target, state, run);
    if (dropped > 0) log.warn({ image: target.name, dropped }, 'invalid tags dropped');
    const suspicion = suspicionIn(state, { tags, target });
    if (suspicion) return { news: suspicion === 'new', unfinished: false };
    const isFirst = state.scannedAt === undefined && tags.length > 0;
    const before = state.tags;
    const newTags = state.replaceTags(tags, clock.now());
    if (newTags > 0 && !isFirst) askForNew(state, target, before);
    if (newTags > 0) log.info({ image: target.name, tags: tags.length, new: newTags }, 'new image tags');
    try {
      const { news, unfinished } = await readWanted(state, target, run);
      return { news: news || newTags > 0 || isFirst, unfinished };
    } catch (error) {
      signal.throwIfAborted();
      keepError(state, target, error);
      return { news: newTags > 0 || isFirst, unfinished: false };
    }
  };

  /** Keeps the list in use if the one just read is not to be trusted, and logs that once. */
  const suspicionIn = (
    state: RepositoryState,
    { tags, target }: { readonly tags: readonly string[]; readonly target: ImageTarget },
  ): 'new' | 'known' | undefined => {
    const { tags: before, suspect } = state;
    const { name, inUse = [] } = target;
    state.suspectList(suspicionOf({ before, after: tags, inUse, suspect, now: clock.monotonic(), intervalMs }));
    if (!state.suspect) return undefined;
    if (state.suspect.since === suspect?.since) return 'known';
    const { missing } = state.suspect;
    log.warn({ image: name, missing: missing.length, tags: missing.slice(0, 3) }, 'tag list suspect: tags have disappeared');
    return 'new';
  };

  /** Logs a failure once until it changes. */
  const keepError = (state: RepositoryState, { name }: ImageTarget, thrown: unknown) => {
    const error = asFluxError(thrown, { code: 'registry/failed' });
    if (state.error?.message !== error.message)
      log.warn({ image: name, err: error.message, code: error.code }, 'image scan failed');
    state.error = error;
  };

  /** With the access of the last list; one that listed nothing yet knows none. */
  const completeList: typeof look = async (state, target, run) => {
    const { scannedAt = 0 } = state;
    const isRead = (tag: string) => (state.images.get(tag)?.fetchedAt ?? -1) >= scannedAt;
    const needsAccess = state.signatureQueue.size > 0 || wantedNow(state, target).some((tag) => !isRead(tag));
    return needsAccess && !state.isListed ? look(state, target, run) : readWanted(state, target, run, isRead);
  };

  const withErrors =
    (work: typeof look): Scan['run'] =>
    async (state, target, run) => {
      const limit = limitOf(hostOf(target.name));
      try {
        return { ...(await work(state, target, run)), notBefore: limit.blockedUntil };
      } catch (error) {
        run.signal.throwIfAborted();
        if (error instanceof BudgetSpent) return { news: false, unfinished: false, postponed: true, notBefore: againAt(error) };
        keepError(state, target, error);
        return { news: false, unfinished: false, notBefore: limit.blockedUntil };
      }
    };

  /** Of what is left to it, others decide: it looks again in its interval. */
  const againAt = ({ until }: BudgetSpent) => (Number.isFinite(until) ? until : clock.monotonic() + intervalMs);

  const spendingOf = (state: RepositoryState, { name }: ImageTarget) => limitOf(hostOf(name)).spending(accountOf(state));

  return {
    run: withErrors(look),
    complete: withErrors(completeList),
    blockedUntil: (name) => limitOf(hostOf(name)).blockedUntil,
    spending: spendingOf,
    errorOf: (state, target) => state.error ?? tooLarge(state.listCost, target, spendingOf(state, target)),
    async fillIn(state, target, signal) {
      if (state.scannedAt === undefined || state.error !== undefined || state.tags.length > SMALL) return;
      const now = clock.monotonic();
      const rest = state.tags.filter((tag) => isDue(state, tag, now) && signedBy(tag) === undefined);
      try {
        const repository = parseRepositoryName(target.name);
        await refresh(state, { repository, credential: state.accepted, purpose: 'spare', signal }, rest);
      } catch (error) {
        signal.throwIfAborted();
        log.debug({ image: target.name, err: messageOf(error) }, 'reading image dates stopped');
      }
    },
  };
}
