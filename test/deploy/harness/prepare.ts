import { startGitServer } from './git-server.ts';
import { pushFlux } from './images.ts';

/** The repositories that the tests work in, one each. */
export const REPOSITORIES = [
  'main-job',
  'http',
  'failures',
  'flux-v1',
  'erddap',
  'get-started',
  'generated-network',
  'network-policy',
  'own-mounts',
  'memory',
  'generated',
  'kustomized',
  'charts',
  'encrypted',
  'usage',
] as const;

/** What all test files share; run.sh takes the cluster down with it. */
export async function setup(): Promise<void> {
  await Promise.all([pushFlux(), startGitServer(REPOSITORIES)]);
}
