import type { FieldDiff } from '../../change/index.ts';
import { isFields } from '../../resource/index.ts';
import { secretValues } from '../connection/status-error.ts';
import { compareObjects } from './compare.ts';
import type { ServerObject } from './flatten.ts';
import { masked } from './mask.ts';

const DATA = /^(?:data|stringData)(?:[.[]|$)/;

/**
 * The differences of a Secret without its content, on both sides (S-074): values of `data` and `stringData` are masked, as are copies of
 * them in other texts. Keys are shown.
 */
export function compareSecrets(live: ServerObject | undefined, wanted: ServerObject): readonly FieldDiff[] {
  const values = secretValues([live, wanted].map((each) => [each?.data, each?.stringData]));
  const holdsCopy = (value: unknown) => {
    const text = JSON.stringify(value) ?? '';
    return values.some((each) => text.includes(each) || text.includes(JSON.stringify(each).slice(1, -1)));
  };
  return compareObjects(live && opaque(live), opaque(wanted)).map((field) => {
    const { path, from, to } = field;
    const secret = DATA.test(path) || holdsCopy(from) || holdsCopy(to);
    return secret ? masked(path, field) : field;
  });
}

/** The Secret with each value as one string, so that no part of a value can become part of a path. */
function opaque(object: ServerObject): ServerObject {
  const texts = ['data', 'stringData'].flatMap((field): [string, unknown][] => {
    const value = object[field];
    if (value === undefined || value === null) return [];
    return [
      [field, isFields(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, text(each)])) : text(value)],
    ];
  });
  const { data: _data, stringData: _stringData, ...rest } = object;
  return { ...rest, ...Object.fromEntries(texts) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
