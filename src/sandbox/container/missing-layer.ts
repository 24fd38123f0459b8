import type { ContainerLayers } from '../../repository/index.ts';

/** What is missing of the layers that have to confine every command, in words; undefined if nothing. */
export function missingLayer({ landlock, seccomp }: ContainerLayers): string | undefined {
  if (landlock > 0 && seccomp) return undefined;
  return `it does not confine commands by ${landlock === 0 ? 'Landlock' : 'seccomp'}, which is required`;
}
