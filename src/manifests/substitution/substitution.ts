import { FluxError, isExactNumber, isJsonMap, type JsonValue, nodeAt, type YamlNode } from '../../base/index.ts';
import { MAX_FILE_BYTES } from '../decode.ts';
import type { ObjectSource } from '../objects.ts';
import { substituteText } from './substitute-text.ts';
import { VARIABLE_START, type Variables } from './variables.ts';

/** A value with the values of its variables. */
export interface SubstitutedValue {
  readonly value: JsonValue;
  /** Whether the value of a Secret is part of it. */
  readonly hasSecret: boolean;
  /** By how many characters it is longer than before. */
  readonly added: number;
}

type Step = string | number;

/** Those of Flux, and of Flux v2, where it may be a label too. */
const SWITCHES = ['fluxcd.io/substitute', 'kustomize.toolkit.fluxcd.io/substitute'] as const;
/** As JSON writes them, and so that they can be written so again: an image tag 1.10 is no number. */
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?$/;

/** The variables of one file. Values are put into scalars after the text was parsed, so that none can change its structure. */
export class Substitution {
  readonly #variables: Variables;
  /** What all values of a file may add to it, in characters. */
  #left = MAX_FILE_BYTES;

  constructor(variables: Variables) {
    this.#variables = variables;
  }

  /** Changes whenever a value may have changed. */
  get version(): string {
    return this.#variables.version;
  }

  /** @throws FluxError as `substituteText` does, and `substitution/secret` */
  apply({ value, node }: Pick<ObjectSource, 'value' | 'node'>): SubstitutedValue {
    if (isSwitchedOff(value)) return { value, hasSecret: false, added: 0 };
    let [hasSecret, added] = [false, 0];
    const visit = (each: JsonValue, path: readonly Step[]): JsonValue => {
      if (typeof each === 'string') {
        if (!each.includes(VARIABLE_START)) return each;
        const { text, ...found } = substituteText(each, this.#variables, each.length + this.#left);
        this.#left -= Math.max(0, text.length - each.length);
        added += text.length - each.length;
        if (found.hasSecret && !isHidden(value, path)) throw ofSecret();
        hasSecret ||= found.hasSecret;
        return found.isWhole && isPlain(node, path) ? typed(text) : text;
      }
      if (typeof each !== 'object' || each === null || isExactNumber(each)) return each;
      if (Array.isArray(each)) return each.map((item, index) => visit(item, [...path, index]));
      return Object.fromEntries(Object.entries(each).map(([key, item]) => [key, visit(item, [...path, key])]));
    };
    const substituted = visit(value, []);
    return { value: substituted, hasSecret, added };
  }
}

function isSwitchedOff(value: JsonValue): boolean {
  if (!isJsonMap(value) || !isJsonMap(value.metadata)) return false;
  const { annotations, labels } = value.metadata;
  return [annotations, labels].some((map) => isJsonMap(map) && SWITCHES.some((name) => map[name] === 'disabled'));
}

/** Whether a field is one whose value is never shown: any other of a Secret is. */
function isHidden(value: JsonValue, [field]: readonly Step[]): boolean {
  if (!isJsonMap(value) || value.kind !== 'Secret' || value.apiVersion !== 'v1') return false;
  return field === 'data' || field === 'stringData';
}

function isPlain(node: YamlNode, path: readonly Step[]): boolean {
  const found = nodeAt(node, path);
  const scalar = found.kind === 'alias' ? found.target : found;
  return scalar.kind === 'scalar' && scalar.style === 'plain' && scalar.tag === undefined;
}

/** A number or a boolean where the value is written like one, and would be written so again. */
function typed(text: string): JsonValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return NUMBER.test(text) && String(Number(text)) === text ? Number(text) : text;
}

function ofSecret(): FluxError {
  return new FluxError('the value of a Secret would be where it is shown', {
    code: 'substitution/secret',
    fault: 'user',
    help: 'Values from secret/NAME of --substitute-from are for data and stringData of Secrets only. Refer to a Secret, or move the value to the ConfigMap.',
  });
}
