import type { ImageInfo, ImageRepository } from '../../src/image/index.ts';
import { createGates } from '../../src/schedule/index.ts';
import { decide } from '../../src/update/decide.ts';
import { type FoundUpdate, lookAgain, type planAutomation } from '../../src/update/index.ts';
import type { Question } from '../../src/update/subject.ts';
import { contextOf, workload } from './world.ts';

const TAGS = 500;
const CONTAINERS_EACH = 10;
const PATTERNS = ['semver:~1', 'glob:1.*', 'regexp:^1\\.\\d+\\.\\d+$'];

/** Containers over repositories of 500 tags, ten for each; nothing is known of the repositories yet. */
export function manyContainers(repositories = 500): readonly Question[] {
  const known = Array.from({ length: repositories }, (_, n) => repositoryOf(n));
  return Array.from({ length: repositories * CONTAINERS_EACH }, (_, n): Question => {
    const number = n % repositories;
    return {
      container: { name: 'web', image: `registry.acme.dev/team/app-${number}:1.0.0` },
      inGit: new Map([
        ['automated', 'true'],
        ['tag.web', PATTERNS[number % PATTERNS.length] ?? ''],
      ]),
      images: { repository: () => known[number] },
    };
  });
}

/** Decides all of them; every one is an update. */
export function decisionsOf(questions: readonly Question[]): () => void {
  return () => {
    for (const question of questions) if (decide(question).state !== 'update') throw new Error('expected an update');
  };
}

const GATHER_TIMES = { quietMs: 20_000, maxMs: 300_000 };

/** The same containers as workloads, one each, for planning automation, which gathers them as by default. */
export function automationOf(questions: readonly Question[]): Parameters<typeof planAutomation>[0] {
  const manifests = Object.fromEntries(
    questions.map(({ container: { name, image }, inGit }, n) => {
      const annotations = Object.fromEntries([...inGit].map(([policy, value]) => [`fluxcd.io/${policy}`, value]));
      const { object } = workload('Deployment', `app-${n}`, { annotations, containers: [[name, image]] });
      return [`default:deployment/app-${n}`, { file: `${n}.yaml`, object }];
    }),
  );
  const context = contextOf({ files: {}, manifests, running: Object.keys(manifests), registry: {} });
  const byName = new Map(questions.map(({ container: { image }, images }) => [image.replace(/:.*/, ''), images]));
  const gather = (found: readonly FoundUpdate[]) => lookAgain(undefined, found, 0, GATHER_TIMES).gathering;
  const timing = { gates: createGates({}), now: GATHER_TIMES.maxMs };
  return { ...context, timing, gather, images: { ...context.images, repository: (name) => byName.get(name)?.repository(name) } };
}

/** Its tags are in no order of version or time. */
function repositoryOf(n: number): ImageRepository {
  const images = Array.from({ length: TAGS }, (_, tag): ImageInfo => {
    const age = (tag * 211) % TAGS;
    return { tag: `1.${age % 50}.${Math.floor(age / 50)}`, createdAt: 1000 + age + n, labels: {}, fetchedAt: 0 };
  });
  return { tags: images.map(({ tag }) => tag), images: new Map(images.map((info) => [info.tag, info])), scannedAt: 1 };
}
