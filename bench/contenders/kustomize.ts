import { join } from 'node:path';
import { goTool, xargs } from './go-tool.ts';

/** The folder with the kustomize of fluxd's image. */
export const kustomizeFolder = goTool('kustomize', 'sigs.k8s.io/kustomize/kustomize/v5');

/** Builds folders of a checkout; resolves to the seconds that it took. */
export function xargsBuild(files: Readonly<Record<string, string>>, folders: readonly string[]): Promise<number> {
  return xargs(files, folders, [join(kustomizeFolder(), 'kustomize'), 'build']);
}
