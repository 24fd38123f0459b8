import { goJson } from '../../base/index.ts';
import { formatPlace } from '../../resource/index.ts';
import { printableJson, printableLine } from '../printable.ts';
import { formatTable } from '../table.ts';
import type { Applied } from './applied.ts';

/** The objects as a YAML stream, each below a comment with its place; as a list of places and objects; or their ids with places. */
export async function renderedText(format: 'yaml' | 'json' | 'name', applied: readonly Applied[]): Promise<string> {
  switch (format) {
    case 'yaml': {
      // Loaded on demand: it imports the YAML writer, which escapes what does not print.
      const { dumpYaml } = await import('../../base/index.ts');
      return applied
        .map(({ manifest: { place, object } }) => `---\n# ${printableLine(formatPlace(place))}\n${dumpYaml(object)}`)
        .join('');
    }
    case 'json':
      return `${printableJson(goJson(applied.map(({ manifest: { place, object } }) => ({ place, object }))))}\n`;
    case 'name':
      return formatTable(applied.map(({ id, manifest: { place } }) => [id, formatPlace(place)]));
  }
}
