import type { FieldDiff, ManifestDiff } from '../../change/index.ts';
import { type Manifest, mostConfidential } from '../../resource/index.ts';
import { hiddenBy } from '../object/confidential.ts';
import { compareFields } from './compare.ts';
import { withoutValues } from './compare-confidential.ts';
import { isLarger, MAX_COMPARED_VALUES, MAX_SHOWN_FIELDS } from './is-larger.ts';

type Compared = Pick<Manifest, 'object' | 'confidential'> | undefined;

/**
 * The fields in which an object of Git differs between two revisions, either of which may lack it. Of Secrets and confidential objects no
 * value is shown; what one of the two hides is hidden of both (S-074). An object that is too large is not compared at all.
 */
export function compareManifests(before: Compared, after: Compared): ManifestDiff {
  const hidden = mostConfidential(hiddenIn(before), hiddenIn(after));
  const isHidden = hidden === undefined ? {} : { hidden };
  const [from, to] = [before?.object, after?.object];
  if (isLarger([from, to], MAX_COMPARED_VALUES)) return { ...isHidden, fields: [], isCut: true };
  const differences = [...versions(from?.apiVersion, to?.apiVersion), ...compareFields(from, to)];
  const fields = hidden === undefined ? differences : withoutValues(differences, hidden);
  return { ...isHidden, fields: fields.slice(0, MAX_SHOWN_FIELDS), isCut: fields.length > MAX_SHOWN_FIELDS };
}

function hiddenIn(compared: Compared) {
  return compared && hiddenBy(compared.object, compared.confidential);
}

/** It is part of what an object is, so a new object does not show it. */
function versions(from: string | undefined, to: string | undefined): readonly FieldDiff[] {
  return from === undefined || to === undefined || from === to ? [] : [{ path: 'apiVersion', from, to }];
}
