import { signal } from '@preact/signals';

/** What the objects of a list have in common; empty texts are no filter. */
export interface ObjectFilter {
  /** Part of an id or a place. */
  readonly text: string;
  readonly state: string;
  readonly namespace: string;
  readonly kind: string;
}

/** Which containers the images view has; empty texts are no filter. */
export interface ImageFilter {
  /** Part of an id, an image or a reason. */
  readonly text: string;
  readonly decision: string;
}

/** As a folder or kind of the topology: what is not in Git, or has no kind that can be read. */
export const NONE = '<none>';

/** What the topology shows; empty texts are no filter. */
export interface TopologyFilter {
  readonly source: string;
  /** With what is below it, or NONE. */
  readonly folder: string;
  readonly namespace: string;
  /** In lower case, or NONE. */
  readonly kind: string;
  readonly status: string;
  /** Part of an id or a file. */
  readonly text: string;
}

/** The log that is open beside an object. */
export interface LogChoice {
  readonly pod: string;
  readonly container: string;
  /** The container before its last restart. */
  readonly previous: boolean;
}

/** What the page shows: the fragment of its URL, so that a link leads there. */
export type Route =
  | { readonly view: 'overview' | 'syncs' | 'deletions' }
  | { readonly view: 'images'; readonly filter: ImageFilter }
  | { readonly view: 'objects'; readonly filter: ObjectFilter }
  | { readonly view: 'topology'; readonly as: 'graph' | 'tree'; readonly filter: TopologyFilter }
  | { readonly view: 'object'; readonly id: string; readonly source?: string; readonly log?: LogChoice };

export const NO_FILTER: ObjectFilter = { text: '', state: '', namespace: '', kind: '' };

export const ALL_IMAGES: ImageFilter = { text: '', decision: '' };

export const WHOLE_TOPOLOGY: TopologyFilter = { source: '', folder: '', namespace: '', kind: '', status: '', text: '' };

/** The route of a fragment, such as `#/objects?state=failed`; the overview for one that leads nowhere. */
export function parseRoute(fragment: string): Route {
  const [path = '', search = ''] = split(fragment.replace(/^#\/?/, ''), '?');
  const query = new URLSearchParams(search);
  const [view, ...rest] = path.split('/');
  switch (view) {
    case 'syncs':
    case 'deletions':
      return { view };
    case 'images':
      return { view, filter: given(query, ALL_IMAGES) };
    case 'objects': {
      const id = decoded(rest.join('/'));
      const source = query.get('source');
      if (id !== '') return { view: 'object', id, ...(source === null ? {} : { source }), ...logOf(query) };
      return { view: 'objects', filter: given(query, NO_FILTER) };
    }
    case 'topology':
      return { view, as: query.get('as') === 'tree' ? 'tree' : 'graph', filter: given(query, WHOLE_TOPOLOGY) };
    default:
      return { view: 'overview' };
  }
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '#/';
    case 'object':
      return `#/objects/${encodeURIComponent(route.id.toWellFormed())}${queryOf({ source: route.source, ...logQueryOf(route.log) })}`;
    case 'objects':
    case 'images':
      return `#/${route.view}${queryOf(route.filter)}`;
    case 'topology':
      return `#/topology${queryOf({ ...route.filter, as: route.as === 'tree' ? 'tree' : undefined })}`;
    default:
      return `#/${route.view}`;
  }
}

function logOf(query: URLSearchParams): { readonly log?: LogChoice } {
  const [pod, container] = [query.get('pod') ?? '', query.get('container') ?? ''];
  return pod === '' || container === '' ? {} : { log: { pod, container, previous: query.get('previous') === 'true' } };
}

function logQueryOf(log: LogChoice | undefined): Query {
  return log ? { pod: log.pod, container: log.container, previous: log.previous ? 'true' : undefined } : {};
}

/** What a query says of each part of a filter. */
function given<Filter extends object>(query: URLSearchParams, none: Filter): Filter {
  return { ...none, ...Object.fromEntries(Object.keys(none).map((name) => [name, query.get(name) ?? ''])) };
}

/** The parameters of a query; what is empty is left out. */
type Query = Readonly<Record<string, string | undefined>> | ObjectFilter | ImageFilter | TopologyFilter;

function queryOf(values: Query): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  const query = new URLSearchParams(given);
  return query.size === 0 ? '' : `?${query}`;
}

/** A path below `/api/v1` with a query. */
export function pathOf(path: string, query: Query): string {
  return `${path}${queryOf(query)}`;
}

function split(text: string, mark: string): readonly string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = signal<Route>({ view: 'overview' });

/** Keeps the route as the address bar has it. */
export function followAddress(): void {
  const read = () => {
    route.value = parseRoute(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}

/** Goes to a view that a person chose by something else than a link. A filter that is typed leaves one entry in the history. */
export function go(to: Route): void {
  const isSameView = to.view === route.value.view;
  history[isSameView ? 'replaceState' : 'pushState'](null, '', hrefOf(to));
  route.value = to;
}
