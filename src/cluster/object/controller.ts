import type { Controller } from '../../resource/index.ts';
import { type Fields, fieldsOf, recordsOf, textOf } from './fields.ts';

/** An object has one controller at most (Kubernetes, OwnerReference). */
export function controllerOf({ metadata }: Fields): Controller | undefined {
  const owner = recordsOf(fieldsOf(metadata).ownerReferences).find(({ controller }) => controller === true);
  return owner && { kind: textOf(owner.kind), name: textOf(owner.name), uid: textOf(owner.uid) };
}

/** Empty for an object that the API server has not stored. */
export function uidOf({ metadata }: Fields): string {
  return textOf(fieldsOf(metadata).uid);
}
