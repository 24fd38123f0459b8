import type { RegistryCacheFailure, RegistryHost } from '../../image/index.ts';
import type { Trouble } from './trouble.ts';

/** What is wrong with the registries, and with the cache of what they said. */
export function registryTroubles(
  hosts: readonly RegistryHost[],
  cacheFailure: RegistryCacheFailure | undefined,
): readonly Trouble[] {
  const cache: readonly Trouble[] = cacheFailure
    ? [
        {
          code: 'image-cache',
          state: 'unknown',
          text: `metadata of images is not remembered over restarts: ${cacheFailure.error.message}`,
          objects: [],
          count: 0,
          since: cacheFailure.since,
          next: { text: 'Scans go on without the cache.' },
        },
      ]
    : [];
  return [...hosts.flatMap(ofHost), ...cache];
}

function ofHost({ name, repositories, failed, blockedUntil }: RegistryHost): readonly Trouble[] {
  if (failed === 0 && blockedUntil === undefined) return [];
  const text =
    failed === 0 ? `${name} asks to wait` : `${failed} of ${repositories} image repositories of ${name} cannot be read`;
  return [
    {
      code: failed === 0 ? 'registry-waits' : 'registry-failed',
      state: 'unknown',
      text,
      objects: [],
      count: 0,
      next: {
        text: 'Automation leaves their images as they are. They are read again.',
        ...(blockedUntil === undefined ? {} : { at: blockedUntil }),
      },
    },
  ];
}
