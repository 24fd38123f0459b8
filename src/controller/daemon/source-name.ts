import { FluxError } from '../../base/index.ts';

/** @throws FluxError `source/unknown`. */
export function refuseUnknown(name: string, names: readonly string[]): never {
  throw new FluxError(`unknown source ${JSON.stringify(name.slice(0, 63))}`, {
    code: 'source/unknown',
    fault: 'missing',
    help: `The sources of this daemon are ${names.join(', ')}.`,
  });
}

/** The refusal of a question that only one source can answer. */
export function unnamed(names: readonly string[]): FluxError {
  return new FluxError('this daemon has several sources, and the answer depends on which one is meant', {
    code: 'source/unnamed',
    fault: 'user',
    help: `Name one: ${names.join(', ')} (--source of fluxctl, ?source= of the API).`,
  });
}
