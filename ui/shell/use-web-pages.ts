import type { SourcesWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import type { WebPages } from './web-link.tsx';

/** Where the Git host of a source shows it; of the only source, if none is named. */
export function useWebPages(source: string | undefined): WebPages | undefined {
  const live = useLive<SourcesWire>('/sources');
  const sources = 'value' in live ? live.value.sources : [];
  return (source === undefined ? sources[0] : sources.find(({ name }) => name === source))?.webPages;
}
