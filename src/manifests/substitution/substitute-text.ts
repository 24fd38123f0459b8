import { FluxError } from '../../base/index.ts';
import type { Variable, Variables } from './variables.ts';

/** A text with the values of its variables. */
export interface Substituted {
  readonly text: string;
  /** Whether it was one variable and nothing else. */
  readonly isWhole: boolean;
  readonly hasSecret: boolean;
}

/** `${NAME}` and `${NAME:=default}`; with another `$` before it, it is text. Other forms of a shell mean nothing here. */
const VARIABLE = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)(?::=([^{}]*))?\}/g;

/**
 * Replaces the variables of a text. What stands in for one is not looked at again.
 * @param maxLength of the result, in characters
 * @throws FluxError `substitution/no-value`, `substitution/not-known`, `substitution/too-long`
 */
export function substituteText(text: string, variables: Variables, maxLength: number): Substituted {
  const parts: string[] = [];
  let [end, length] = [0, text.length];
  let [isWhole, hasSecret] = [false, false];
  for (const { 0: whole, 1: dollar, 2: name = '', 3: usual, index } of text.matchAll(VARIABLE)) {
    const found = dollar === '' ? variableFor(name, usual, variables) : { value: whole.slice(1), isSecret: false };
    if (!found) continue;
    length += found.value.length - whole.length;
    if (length > maxLength) throw tooLong();
    parts.push(text.slice(end, index), found.value);
    end = index + whole.length;
    isWhole ||= dollar === '' && whole.length === text.length;
    hasSecret ||= found.isSecret;
  }
  return { text: parts.join('') + text.slice(end), isWhole, hasSecret };
}

/** Undefined if it stays as it is written. */
function variableFor(name: string, usual: string | undefined, variables: Variables): Variable | undefined {
  const { values, optional, unknown } = variables;
  if (unknown !== undefined) throw notKnown(name, unknown);
  const found = Object.hasOwn(values, name) ? values[name] : undefined;
  // As a shell, which takes an empty value for none.
  if (usual !== undefined && (found?.value ?? '') === '') return { value: usual, isSecret: false };
  if (found || optional) return found;
  throw noValue(name, variables);
}

function notKnown(name: string, why: string): FluxError {
  return new FluxError(`\${${name}} has no value: ${why}`, {
    code: 'substitution/not-known',
    fault: 'server',
    help: 'Nothing that has variables is applied or deleted until their values are known (--substitute-from). It is tried again.',
  });
}

function noValue(name: string, { sources }: Variables): FluxError {
  return new FluxError(`\${${name}} has no value in ${sources.join(', ')}`, {
    code: 'substitution/no-value',
    fault: 'user',
    help: `Add it there, or write \${${name}:=DEFAULT}. If it is no variable of Flux, write $\${${name}}, or set the annotation fluxcd.io/substitute: disabled.`,
  });
}

function tooLong(): FluxError {
  return new FluxError('it is too long with the values of its variables', {
    code: 'substitution/too-long',
    fault: 'user',
    help: 'Use shorter values, or fewer of them.',
  });
}
