import { FluxError } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import { type MinAge, NO_MIN_AGE, parseMinAge } from '../policy/index.ts';

/**
 * The minimum age of images of the flag.
 * @throws FluxError `config/bad-min-age`.
 */
export function automationMinAge(config: Pick<Config, 'automationMinAge'>): MinAge {
  const text = config.automationMinAge;
  if (text === undefined) return NO_MIN_AGE;
  const age = parseMinAge(text);
  if (age.problem === undefined) return age;
  throw new FluxError(`invalid age in --automation-min-age: ${JSON.stringify(text)} ${age.problem}`, {
    code: 'config/bad-min-age',
    fault: 'user',
    help: 'Write a duration such as 72h, 90m or 3d.',
  });
}
