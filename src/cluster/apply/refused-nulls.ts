import { FluxError } from '../../base/index.ts';
import { isFields, type KubeObject } from '../../resource/index.ts';
import { unshared } from './duplicate-items.ts';

const REFUSED = ': Invalid value: "null"';

/**
 * The schema of a custom kind may give null a meaning, so nulls are sent as written. Those that the API server rejects
 * (`spec.size: Invalid value: "null": …`) are omitted, as in kubectl; undefined if the error contains none.
 */
export function dropRefusedNulls(
  body: KubeObject,
  refusal: string,
): { readonly body: KubeObject; readonly warnings: readonly FluxError[] } | undefined {
  const copy = unshared(body);
  const paths = refusal
    .split(REFUSED)
    .slice(0, -1)
    .map((before) => before.split(' ').at(-1)?.replace(/^\[/, '') ?? '');
  const dropped = paths.filter((path) => dropAt(copy, path));
  if (dropped.length === 0) return undefined;
  const warning = new FluxError(`${dropped.join(', ')}: null, treated as an absent field`, {
    code: 'cluster/null',
    fault: 'user',
    help: 'The schema of its kind does not allow null there. Set a value, or remove it from the file.',
  });
  return { body: copy, warnings: [warning] };
}

/** Deletes the null at a path such as `spec.items[0].size`; false if there is none. */
function dropAt(object: unknown, path: string): boolean {
  const steps = path.match(/[^.[\]]+/g) ?? [];
  const field = steps.pop();
  let at = object;
  for (const step of steps) {
    if (Array.isArray(at)) at = at[Number(step)];
    else at = isFields(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  }
  if (field === undefined || !isFields(at) || at[field] !== null || !Object.hasOwn(at, field)) return false;
  Reflect.deleteProperty(at, field);
  return true;
}
