import { z } from 'zod';
import { matchGlob } from '../base/index.ts';
import { BUILD_TIME_LABELS, type ImageOrigin, nanosecondsOf, originOf, parseImageTime } from '../image/index.ts';
import { jsonOf } from './answer.ts';
import type { Connection, Question } from './connection.ts';
import { fetchBlob, fetchManifest } from './image-manifest.ts';

/** Metadata of a tag's content. It never changes for a digest, so it is read once. */
export interface ImageFacts {
  readonly digest: string;
  readonly indexDigest?: string;
  readonly imageId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
  /** Nanoseconds beyond that millisecond; may be absent. */
  readonly createdNs?: number;
  /** Labels with build times. */
  readonly labels: Readonly<Record<string, string>>;
  readonly origin?: ImageOrigin;
  /** Why the creation time is unusable, if it is. */
  readonly timeProblem?: string;
}

const Labels = z.record(z.string(), z.unknown()).nullish();
const Config = z.object({
  created: z.unknown().optional(),
  config: z.object({ Labels }).nullish(),
  container_config: z.object({ Labels }).nullish(),
});

/** The metadata from an image config. */
export type ConfigFacts = Pick<ImageFacts, 'createdAt' | 'createdNs' | 'labels' | 'origin' | 'timeProblem'>;

/** A cache of configs, by repository and digest. */
export interface ConfigCache {
  get(key: string): ConfigFacts | undefined;
  set(key: string, facts: ConfigFacts): void;
}

/** Reads the image of a tag: its manifest, then its config unless that is cached. */
export async function fetchImageFacts(
  connection: Connection,
  question: Question,
  tag: string,
  configs: ConfigCache,
): Promise<ImageFacts> {
  const { configDigest, ...digests } = await fetchManifest(connection, question, tag);
  const key = `${question.repository.name}@${configDigest}`;
  const known = configs.get(key);
  if (known) return { ...digests, imageId: configDigest, ...known };
  const { body, subject } = await fetchBlob(connection, question, configDigest);
  const facts = configFacts(jsonOf(body, subject));
  configs.set(key, facts);
  return { ...digests, imageId: configDigest, ...facts };
}

function configFacts(body: unknown): ConfigFacts {
  const parsed = Config.safeParse(body);
  if (!parsed.success) return { labels: {}, timeProblem: 'the image config is invalid' };
  const { created, config, container_config: containerConfig } = parsed.data;
  // Current builders write only config.Labels, older ones both.
  const all = { ...containerConfig?.Labels, ...config?.Labels };
  const origin = originOf(all);
  const labelled = { labels: timeLabels(all), ...(origin === undefined ? {} : { origin }) };
  if (created === undefined || created === null) return labelled;
  const time = typeof created === 'string' ? timeIn(created) : undefined;
  if (time !== undefined) return { ...time, ...labelled };
  return { ...labelled, timeProblem: 'the creation time in the image config is not an RFC 3339 time' };
}

function timeLabels(labels: Readonly<Record<string, unknown>>): Record<string, string> {
  const entries = BUILD_TIME_LABELS.flatMap((name) => {
    const value = labels[name];
    return typeof value === 'string' && parseImageTime(value) !== undefined ? [[name, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

/**
 * The effective creation time of an image: for repositories that match a glob of `--registry-use-labels`, the build time in the labels
 * replaces the config's.
 */
export function creationOf(
  { createdAt, createdNs, labels }: ImageFacts,
  name: string,
  useLabels: readonly string[],
): Pick<ImageFacts, 'createdAt' | 'createdNs'> {
  const own = {
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(createdNs === undefined ? {} : { createdNs }),
  };
  if (!useLabels.some((glob) => matchGlob(glob, name))) return own;
  for (const label of BUILD_TIME_LABELS) {
    const time = labels[label] === undefined ? undefined : timeIn(labels[label]);
    if (time !== undefined) return time;
  }
  return own;
}

function timeIn(text: string): Pick<ImageFacts, 'createdAt' | 'createdNs'> | undefined {
  const createdAt = parseImageTime(text);
  if (createdAt === undefined) return undefined;
  const createdNs = nanosecondsOf(text);
  return { createdAt, ...(createdNs === 0 ? {} : { createdNs }) };
}
