import { isFields, type KubeObject } from '../../resource/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A Secret with `stringData` written as `data`, where the API server puts it, over what is there. It would note us as the owner of
 * `stringData`, which no object has, and nobody as that of `data`: changes of a value would go unseen, and a key that Git has no
 * longer would stay (https://kubernetes.io/docs/concepts/configuration/secret/). Values that are no text stay
 * where they are: the API server names them. Other objects are returned as they are.
 */
export function withoutStringData(object: KubeObject): KubeObject;
export function withoutStringData(object: Fields): Fields;
export function withoutStringData(object: Fields): Fields {
  if (object.apiVersion !== 'v1' || object.kind !== 'Secret') return object;
  const { stringData, data = {}, ...rest } = object;
  if (!isFields(stringData) || !isFields(data)) return object;
  const texts = Object.entries(stringData).filter(([, value]) => typeof value === 'string');
  const others = Object.entries(stringData).filter(([, value]) => typeof value !== 'string');
  const encoded = texts.map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  return {
    ...rest,
    ...(encoded.length === 0 && object.data === undefined ? {} : { data: { ...data, ...Object.fromEntries(encoded) } }),
    ...(others.length === 0 ? {} : { stringData: Object.fromEntries(others) }),
  };
}
