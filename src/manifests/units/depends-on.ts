import * as z from 'zod';
import { FluxError, plainPath } from '../../base/index.ts';

/** A path of the repository: what is applied from there comes before a unit. */
export interface DependsOn {
  /** Relative to the root, as `plainPath` makes it. */
  readonly path: string;
  /** Whether its workloads have to be healthy, too. */
  readonly healthy: boolean;
}

const MAX_DEPENDENCIES = 100;
const MAX_PATH_LENGTH = 4096;
const EXPECTED = 'expected a path relative to the root of the repository, without ".."';

const PATH = z.string(EXPECTED).transform((text, context) => {
  const isRelative = text !== '' && !text.startsWith('/') && !text.split('/').includes('..');
  if (isRelative && text.length <= MAX_PATH_LENGTH) return plainPath(text);
  context.addIssue(EXPECTED);
  return z.NEVER;
});

const ITEM = z.preprocess(
  (value) => (typeof value === 'string' ? { path: value } : value),
  z.strictObject({ path: PATH, healthy: z.boolean().default(false) }),
);

/** The value of the key `dependsOn`: paths, or maps with the keys `path` and `healthy`. */
export const DEPENDS_ON = z.array(ITEM).max(MAX_DEPENDENCIES, `expected at most ${MAX_DEPENDENCIES} paths`);

/** What follows a path in an annotation. */
const HEALTHY = ':healthy';

/**
 * Parses the annotation `fluxcd.io/depends-on`: paths separated by commas, each with `:healthy` behind it if its workloads have to be.
 * @throws FluxError `generation/bad-depends-on`
 */
export function parseDependsOn(text: string): readonly DependsOn[] {
  const items = text.split(',').map((item) => {
    const path = item.trim();
    return path.endsWith(HEALTHY) ? { path: path.slice(0, -HEALTHY.length), healthy: true } : { path };
  });
  const parsed = DEPENDS_ON.safeParse(items);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: [item], message }) =>
    typeof item === 'number' ? `path ${item + 1}: ${message}` : message,
  );
  throw new FluxError(`cannot parse ${DEPENDS_ON_ANNOTATION}: ${[...new Set(problems)].join('; ')}`, {
    code: 'generation/bad-depends-on',
    fault: 'user',
    help: 'Separate paths by commas, such as "infra, db:healthy". docs/generation.md describes the annotation.',
  });
}

export const DEPENDS_ON_ANNOTATION = 'fluxcd.io/depends-on';
