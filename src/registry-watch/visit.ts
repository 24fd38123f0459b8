import { asFluxError, type Cancellable, type Clock, FluxError } from '../base/index.ts';
import { type ImageInfo, type ImageRepository, type Verification, verificationKey } from '../image/index.ts';
import type { SignaturePolicy, SignatureQuestion, UrgentQuestions } from '../policy/index.ts';
import { asWorkloads } from './as-workloads.ts';
import type { Connection } from './connection.ts';
import type { Credential, CredentialSource } from './credentials/index.ts';
import { fetched, type OnFetch } from './fetched.ts';
import { digestNow } from './image-manifest.ts';
import type { HostLimit } from './rate-limit.ts';
import { isTag, parseRepositoryName, type RepositoryName } from './repository-name.ts';
import type { VerifySignatures } from './signatures/verifier.ts';
import { isDigest } from './verified-digest.ts';

export interface VisitOptions {
  readonly connection: Connection;
  readonly credentials: CredentialSource;
  readonly limitOf: (host: string) => HostLimit;
  readonly verify: VerifySignatures;
  readonly clock: Clock;
  /** Called for each image that was read. */
  readonly onFetch?: OnFetch | undefined;
}

/**
 * Reads images of a repository that is not watched, once, without listing its tags: their digests, and what is asked of their signatures.
 * Resolves to that; an image that could not be read has an error. Throws only when aborted.
 */
export type Visit = (asked: UrgentQuestions, cancel?: Cancellable) => Promise<ImageRepository>;

/** Images that one visit reads. */
const MAX_IMAGES = 20;

interface Wanted {
  readonly tag: string;
  readonly digest?: string;
  readonly policies: readonly SignaturePolicy[];
}

export function createVisit({ connection, credentials, limitOf, verify, clock, onFetch }: VisitOptions): Visit {
  return async ({ image: name, questions, pullSecrets }, { signal } = {}) => {
    const images = new Map<string, ImageInfo>();
    const verifications = new Map<string, Verification>();
    let accepted: Credential | undefined;

    /** The digest of an image that the registry has. */
    const find = (repository: RepositoryName, reference: string): Promise<string> => {
      const ask = async (credential: Credential | undefined) => {
        const question = { repository, credential, purpose: 'now', signal } as const;
        const digest = await fetched('metadata', { clock, onFetch }, () => digestNow(connection, question, reference));
        accepted = credential;
        return digest;
      };
      return asWorkloads({ host: repository.host, pullSecrets, accepted }, ask, { credentials, ...(signal ? { signal } : {}) });
    };

    const visit = async (wanted: Wanted): Promise<void> => {
      const repository = parseRepositoryName(name);
      const found = await find(repository, referenceOf(wanted));
      const digest = wanted.digest ?? found;
      if (wanted.digest === undefined) images.set(wanted.tag, { tag: wanted.tag, digest, labels: {}, fetchedAt: clock.now() });
      if (wanted.policies.length === 0) return;
      const question = { repository, credential: accepted, purpose: 'now', signal } as const;
      for (const [policy, verdict] of await verify(question, digest, wanted.policies)) {
        const result = verdict.state === 'verified' ? verdict : { ...verdict, nextAt: clock.now() };
        verifications.set(verificationKey(digest, policy), result);
      }
      limitOf(repository.host).recover();
    };

    for (const [index, wanted] of wantedOf(questions).entries()) {
      try {
        if (index >= MAX_IMAGES) throw tooMany();
        await visit(wanted);
      } catch (thrown) {
        signal?.throwIfAborted();
        const error = asFluxError(thrown, { code: 'registry/failed' });
        images.set(wanted.tag, { tag: wanted.tag, labels: {}, fetchedAt: clock.now(), error });
      }
    }
    const tags = [...images.values()].flatMap(({ tag, error }) => (error ? [] : [tag]));
    return { tags, images, verifications };
  };
}

/** Each image once, with all policies that it has to fulfil. */
function wantedOf(questions: readonly SignatureQuestion[]): readonly Wanted[] {
  const all = questions.flatMap(({ candidates, policies }) => candidates.map((candidate) => ({ ...candidate, policies })));
  return [...Map.groupBy(all, ({ tag, digest }) => digest ?? tag).values()].flatMap(([first, ...others]) => {
    if (!first) return [];
    const policies = [first, ...others].flatMap((each) => each.policies);
    return [{ ...first, policies: [...new Map(policies.map((policy) => [policy.text, policy])).values()] }];
  });
}

/** @throws FluxError `image/bad-reference` for a text that cannot be put into a URL unchanged. */
function referenceOf({ tag, digest }: Wanted): string {
  if (digest === undefined ? isTag(tag) : isDigest(digest)) return digest ?? tag;
  throw new FluxError(`${JSON.stringify(digest ?? tag)} is not a ${digest === undefined ? 'tag' : 'digest'}`, {
    code: 'image/bad-reference',
    fault: 'user',
  });
}

function tooMany(): FluxError {
  const limit = `one release reads at most ${MAX_IMAGES} images of a repository that is not watched`;
  return new FluxError(`${limit}; release fewer at once`, { code: 'registry/too-many-images', fault: 'user' });
}
