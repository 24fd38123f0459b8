import { isFields, type KubeObject } from '../../resource/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * A Secret with `stringData` merged into `data`, as the API server stores it. Otherwise the API server would record us as the owner of
 * `stringData`, which no stored object has, and of nothing in `data`: drift would go unnoticed, and keys removed from Git would stay
 * (https://kubernetes.io/docs/concepts/configuration/secret/). Values that are not text stay in place: the API server reports them. Other
 * objects are returned unchanged.
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
