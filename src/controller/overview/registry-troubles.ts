import type { ImageScan, RegistryCacheFailure, RegistryHost } from '../../image/index.ts';
import { type Trouble, wholeTrouble } from './trouble.ts';

/** What is wrong with the registries, and with the cache of what they said. */
export function registryTroubles(
  hosts: readonly RegistryHost[],
  scans: () => readonly ImageScan[],
  cacheFailure: RegistryCacheFailure | undefined,
): readonly Trouble[] {
  // What is next for each repository is worked out for it.
  const failing = hosts.some(({ failed }) => failed > 0) ? scans().filter(({ error }) => error !== undefined) : [];
  return [...hosts.flatMap((host) => ofHost(host, failing)), ...(cacheFailure ? [ofCache(cacheFailure)] : [])];
}

function ofCache({ error, since }: RegistryCacheFailure): Trouble {
  const text = `metadata of images is not remembered over restarts: ${error.message}`;
  return { ...wholeTrouble('image-cache', 'unknown', text, { text: 'Scans go on without the cache.' }), since };
}

function ofHost(
  { name, repositories, failed, blockedUntil }: RegistryHost,
  allFailing: readonly ImageScan[],
): readonly Trouble[] {
  if (failed === 0 && blockedUntil === undefined) return [];
  const next = {
    text: 'Automation leaves their images as they are. They are read again.',
    ...(blockedUntil === undefined ? {} : { at: blockedUntil }),
  };
  if (failed === 0) return [wholeTrouble('registry-waits', 'unknown', `${name} asks to wait`, next)];
  const failing = allFailing.filter((scan) => scan.name.startsWith(`${name}/`));
  const [only] = failing;
  const text =
    failed === 1 && only?.error
      ? `${only.name} cannot be read: ${only.error.message}`
      : `${failed} of ${repositories} image repositories of ${name} cannot be read${namesOf(failing)}`;
  return [wholeTrouble('registry-failed', 'unknown', text, next)];
}

/** `: ghcr.io/acme/cart, ghcr.io/acme/web and 4 more`. */
function namesOf(failing: readonly ImageScan[]): string {
  if (failing.length === 0) return '';
  const more = failing.length - SHOWN;
  const names = failing.slice(0, SHOWN).map(({ name }) => name);
  return `: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Repositories that are named in a line. */
const SHOWN = 3;
