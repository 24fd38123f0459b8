import { usageError } from './errors.ts';

export type OutputFormat = 'tab' | 'json';

/** @throws FluxError `cli/usage` for anything else. */
export function outputFormat(text: string): OutputFormat {
  if (text === 'tab' || text === 'json') return text;
  throw usageError('invalid output format specified');
}
