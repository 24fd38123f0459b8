import { at } from './json.ts';
import { type KubeObject, metaOf } from './object.ts';
import { badRequest } from './status.ts';

export type Match = (object: KubeObject) => boolean;

const KEY = /^(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** `a=b,c!=d,e in (f,g),h notin (i),j,!k`: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ */
export function parseLabelSelector(text: string): Match {
  if (text.trim() === '') return () => true;
  const requirements = splitOutsideParentheses(text).map(parseRequirement);
  return (object) => {
    const labels = metaOf(object).labels ?? {};
    return requirements.every((matches) => matches(labels));
  };
}

type LabelMatch = (labels: Readonly<Record<string, string>>) => boolean;

function splitOutsideParentheses(text: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth++;
    if (character === ')') depth--;
    if (character === ',' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}

function parseRequirement(text: string): LabelMatch {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    checkKey(key);
    return (labels) => {
      const value = labels[key];
      return operator === 'in' ? value !== undefined && values.has(value) : value === undefined || !values.has(value);
    };
  }
  const pair = /^([^=!<>\s]+)\s*(==?|!=|<|>)\s*([^=!\s]*)$/.exec(text);
  if (pair) {
    const [, key = '', operator, wanted = ''] = pair;
    checkKey(key);
    if (operator === '>') return (labels) => Number(labels[key]) > Number(wanted);
    if (operator === '<') return (labels) => Number(labels[key]) < Number(wanted);
    return operator === '!=' ? (labels) => labels[key] !== wanted : (labels) => labels[key] === wanted;
  }
  const [, negated, key = ''] = /^(!?)\s*(\S*)$/.exec(text) ?? [];
  checkKey(key);
  return negated ? (labels) => !(key in labels) : (labels) => key in labels;
}

function checkKey(key: string): void {
  if (!KEY.test(key))
    throw badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: not a label key`);
}

/** Fields for field selectors besides name and namespace. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  Pod: ['status.phase', 'spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.podIP'],
  Namespace: ['status.phase'],
  Secret: ['type'],
  Job: ['status.successful'],
  Event: ['involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid', 'reason', 'type'],
};

/** `metadata.name=a,status.phase!=Running`. Throws 400 for an unsupported field. */
export function parseFieldSelector(text: string, kind: string): Match {
  if (text.trim() === '') return () => true;
  const known = ['metadata.name', 'metadata.namespace', ...(SELECTABLE[kind] ?? [])];
  const requirements = text.split(',').map((part) => {
    const [, field = '', operator, wanted] = /^([^=!]+)(==?|!=)(.*)$/.exec(part.trim()) ?? [];
    if (operator === undefined) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    if (!known.includes(field))
      throw badRequest(
        `${JSON.stringify(field)} is not a known field selector: only ${known
          .slice(0, 2)
          .map((name) => JSON.stringify(name))
          .join(', ')}`,
      );
    const path = field.split('.');
    return (object: KubeObject) => (String(at(object, ...path) ?? '') === wanted) === (operator !== '!=');
  });
  return (object) => requirements.every((matches) => matches(object));
}
