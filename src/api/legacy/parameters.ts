import { FluxError, messageOf } from '../../base/index.ts';
import { formatResourceId, parseResourceId, type ResourceId } from '../../resource/index.ts';
import { parseRequested, type ReleaseImageSpec } from '../../update/index.ts';
import { badRequest } from '../status.ts';
import { CONTAINER_FIELDS, type ContainerField } from '../wire/index.ts';

const ALL = '<all>';
const ALL_LATEST = '<all latest>';

/** `namespace` and `services` (comma-separated ids) of the workload listing. */
export function workloadFilter(query: URLSearchParams): { readonly namespace: string; readonly ids: readonly ResourceId[] } {
  const namespace = query.get('namespace') ?? '';
  const services = query.get('services') ?? '';
  const ids =
    services === '' ? [] : services.split(',').map((id) => parameter(`service spec ${JSON.stringify(id)}`, id, parseId));
  return { namespace, ids };
}

/** `namespace` and `service` (an id or `<all>`) of the image listing. */
export function imageFilter(query: URLSearchParams): { readonly namespace: string; readonly spec: string } {
  const namespace = query.get('namespace') ?? '';
  const service = query.get('service') || ALL;
  const spec = parameter(`service spec ${JSON.stringify(service)}`, service, parseIdOrAll);
  return { namespace, spec };
}

/** `containerFields`, comma-separated; none means all. */
export function containerFields(query: URLSearchParams): ReadonlySet<ContainerField> {
  const names = query.get('containerFields') ?? '';
  if (names === '') return new Set(CONTAINER_FIELDS);
  return new Set(
    names.split(',').map((name) => {
      const field = CONTAINER_FIELDS.find((known) => known === name);
      if (field !== undefined) return field;
      throw new FluxError(`${name} is an invalid field`, {
        code: 'api/bad-field',
        fault: 'user',
        help: `containerFields accepts a comma-separated list of: ${CONTAINER_FIELDS.join(', ')}.`,
      });
    }),
  );
}

/** The parameters of the older `POST /v6/update-images`. */
export function releaseParameters(query: URLSearchParams): ReleaseImageSpec {
  const [image = '', kind = ''] = [query.get('image') ?? '', query.get('kind') ?? ''];
  if (kind !== 'plan' && kind !== 'execute')
    throw badRequest(`parsing update kind ${JSON.stringify(kind)}: expected plan or execute`);
  const excluded = query.getAll('exclude').map((id) => parameter(`excluded service ${JSON.stringify(id)}`, id, parseId));
  return {
    ServiceSpecs: query.getAll('service').map((id) => parameter(`service spec ${JSON.stringify(id)}`, id, parseIdOrAll)),
    ImageSpec: image === ALL_LATEST ? image : parameter(`image spec ${JSON.stringify(image)}`, image, checkedImage),
    Kind: kind,
    Excludes: excluded.length > 0 ? excluded : null,
    Force: false,
  };
}

function parseId(id: string): ResourceId {
  return formatResourceId(parseResourceId(id));
}

function parseIdOrAll(spec: string): string {
  return spec === ALL ? spec : parseId(spec);
}

function checkedImage(image: string): string {
  parseRequested(image);
  return image;
}

function parameter(what: string, text: string, parse: (text: string) => string): string {
  try {
    return parse(text);
  } catch (cause) {
    throw badRequest(`parsing ${what}: ${messageOf(cause)}`, { cause });
  }
}
