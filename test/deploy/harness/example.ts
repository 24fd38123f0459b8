import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../e2e/harness/process.ts';
import { environment } from './environment.ts';

/** What a repository of the example has no use for: what is written for people, and the key. */
const LEFT_OUT = /^README\.md$|\.agekey$/;

/**
 * The files of an example as they are, but for where its images come from: a place of the registry that bears its name. A newer tag that
 * another test pushed there would be taken at once.
 */
export function filesOfExample(example: string): Readonly<Record<string, string>> {
  const directory = join(ROOT, 'examples', example);
  return Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(directory, name)).isFile() && !LEFT_OUT.test(name))
      .map((name) => [
        name,
        readFileSync(join(directory, name), 'utf8').replaceAll('ghcr.io/you/', `${environment.registry}/${example}/`),
      ]),
  );
}
