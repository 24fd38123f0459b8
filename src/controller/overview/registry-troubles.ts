import type { RegistryCacheFailure, RegistryHost } from '../../image/index.ts';
import { type Trouble, wholeTrouble } from './trouble.ts';

/** What is wrong with the registries, and with the cache of what they said. */
export function registryTroubles(
  hosts: readonly RegistryHost[],
  cacheFailure: RegistryCacheFailure | undefined,
): readonly Trouble[] {
  return [...hosts.flatMap(ofHost), ...(cacheFailure ? [ofCache(cacheFailure)] : [])];
}

function ofCache({ error, since }: RegistryCacheFailure): Trouble {
  const text = `metadata of images is not remembered over restarts: ${error.message}`;
  return { ...wholeTrouble('image-cache', 'unknown', text, { text: 'Scans go on without the cache.' }), since };
}

function ofHost({ name, repositories, failed, blockedUntil }: RegistryHost): readonly Trouble[] {
  if (failed === 0 && blockedUntil === undefined) return [];
  const next = {
    text: 'Automation leaves their images as they are. They are read again.',
    ...(blockedUntil === undefined ? {} : { at: blockedUntil }),
  };
  if (failed === 0) return [wholeTrouble('registry-waits', 'unknown', `${name} asks to wait`, next)];
  const text = `${failed} of ${repositories} image repositories of ${name} cannot be read`;
  return [wholeTrouble('registry-failed', 'unknown', text, next)];
}
