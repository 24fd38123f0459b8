import { isJsonMap, parseYamlDocuments } from '../../base/index.ts';
import type { Pace } from '../units/pace.ts';
import { refusedChart } from './refused.ts';

const CHART_FILE = /^(?:charts\/[^/]+\/)*Chart\.yaml$/;
const MAX_BYTES = 64 << 10;

/** Whether a file says what a chart is, or a subchart. */
export function isChartFile(path: string): boolean {
  return CHART_FILE.test(path);
}

/**
 * Requires that the name of a chart is one folder's (S-026). What else is wrong, Helm says.
 * @throws FluxError `helm/refused`
 */
export async function requireChartName(path: string, content: Buffer, pace: Pace): Promise<void> {
  if (content.length > MAX_BYTES) throw refusedChart(`${path} has more than ${MAX_BYTES >> 10} KiB`);
  await pace.beforeParsing(content.length);
  const { value: document } = parseYamlDocuments(content.toString('utf8')).next();
  const name = isJsonMap(document?.value) ? document.value.name : undefined;
  if (typeof name !== 'string') return;
  if (name === '.' || name === '..' || /[/\\\0]/.test(name)) throw refusedChart(`${path} has a name that no chart may have`);
}
