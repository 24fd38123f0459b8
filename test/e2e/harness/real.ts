import { readFileSync } from 'node:fs';
import { buildImage, pushImage } from '../../cluster/real/image.ts';
import type { Backend } from './backend.ts';
import { readKubeconfig } from './kube-client.ts';

/** Parts that test/cluster/real/run.sh started, or that the caller names. */
export interface RealParts {
  readonly kubeconfig: string;
  readonly registry: string;
  /** The static program that the test images run. */
  readonly webProgram: string;
}

export function useRealBackend({ kubeconfig, registry, webProgram }: RealParts): Backend {
  const program = readFileSync(webProgram);
  return {
    endpoint: readKubeconfig(kubeconfig),
    kubeconfig,
    registry,
    runsPods: true,
    push(repository, tag, { version, created, labels }) {
      const image = buildImage({
        program,
        path: '/web',
        env: { VERSION: version },
        ...(created === undefined ? {} : { created }),
        ...(labels === undefined ? {} : { labels }),
      });
      return pushImage(registry, repository, tag, image);
    },
    close: async () => {},
  };
}
