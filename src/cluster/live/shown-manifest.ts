import type { ShownManifest } from '../../change/index.ts';
import { type Confidential, isFields, type KubeObject, type Manifest, mostConfidential } from '../../resource/index.ts';
import type { ServerObject } from '../diff/flatten.ts';
import { MASK } from '../diff/mask.ts';
import { confidentialLive, hiddenBy } from '../object/confidential.ts';
import { metadataOf } from '../object/live.ts';

/** How much of an object of Git, and of what the cluster has of it, is hidden: the mark in the cluster counts as well (S-074). */
export function hiddenOf({ object, hidden }: ShownManifest, live: ServerObject | undefined): Confidential | undefined {
  return mostConfidential(hidden, hiddenBy(object, live && confidentialLive(metadataOf(live))));
}

/** A manifest as it may be shown (S-074). */
export function shownManifest({ object, confidential }: Pick<Manifest, 'object' | 'confidential'>): ShownManifest {
  const hidden = hiddenBy(object, confidential);
  return hidden === undefined ? { object } : { object: withoutValues(object, hidden), hidden };
}

/** What identifies an object, and the names of its other fields, with `all` only of the first level. */
function withoutValues({ apiVersion, kind, metadata, ...rest }: KubeObject, hidden: Confidential): KubeObject {
  const { name, namespace, ...others } = metadata;
  const identity = { name, ...(namespace === undefined ? {} : { namespace }) };
  return {
    apiVersion,
    kind,
    metadata: hidden === 'all' ? identity : { ...identity, ...masked(others) },
    ...(hidden === 'all' ? Object.fromEntries(Object.keys(rest).map((field) => [field, MASK])) : masked(rest)),
  };
}

/** Items of lists are named by values, so a list is one. */
function masked(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).map(([field, each]) => [field, isFields(each) ? masked(each) : MASK]));
}
