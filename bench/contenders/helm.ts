import { join } from 'node:path';
import { goTool, xargs } from './go-tool.ts';

/** The folder with the Helm of fluxd's image. */
export const helmFolder = goTool('helm', 'helm.sh/helm/v3/cmd/helm');

/** Renders a chart of a checkout once for each folder, with the values in it; resolves to the seconds that it took. */
export function xargsTemplate(
  files: Readonly<Record<string, string>>,
  { chart, folders }: { readonly chart: string; readonly folders: readonly string[] },
): Promise<number> {
  const lines = folders.map((folder) => `${folder.split('/').at(-1)} ${chart} --values=${folder}/values.yaml`);
  return xargs(files, lines, [join(helmFolder(), 'helm'), 'template', '--namespace=charts']);
}
