import { ALL_IMAGES, NO_FILTER, type Route, WHOLE_TOPOLOGY } from './route.ts';

interface View {
  readonly route: Route;
  readonly name: string;
  /** The key that leads there, after `g`. */
  readonly key: string;
}

/** The views of the page, in the order of the navigation. */
export const VIEWS: readonly View[] = [
  { route: { view: 'overview' }, name: 'Overview', key: 'o' },
  { route: { view: 'topology', as: 'graph', filter: WHOLE_TOPOLOGY }, name: 'Topology', key: 't' },
  { route: { view: 'objects', filter: NO_FILTER }, name: 'Objects', key: 'b' },
  { route: { view: 'images', filter: ALL_IMAGES }, name: 'Images', key: 'i' },
  { route: { view: 'syncs' }, name: 'Syncs', key: 's' },
  { route: { view: 'deletions' }, name: 'Deletions', key: 'd' },
];
