import { FluxError } from '../../base/index.ts';

/** The error of what fluxd never gives to kustomize (S-027). */
export function refusedKustomization(why: string): FluxError {
  return new FluxError(`refused to run kustomize: ${why}`, {
    code: 'kustomize/refused',
    fault: 'user',
    help: 'kustomize reads files of this repository only, and runs no other program. What is rendered stays as it is in the cluster, and nothing is deleted, until the kustomization is changed. docs/kustomize.md lists what is refused.',
  });
}
