/**
 * The desired state in the repository. A revision is divided into *units*, and the *renderer* of a unit turns its files into *manifests*:
 * objects with their location. Files, documents and objects are independent, so that an invalid one is reported with its location and the
 * rest is used. A manifest can be edited in place, by the exact range of one value, without changing another byte of its file.
 */
export { MAX_FILE_BYTES } from './decode.ts';
export { openAgeKeys } from './decryption/age-keys.ts';
export type { Decrypter, EncryptedFile, HiddenFiles } from './decryption/decrypter.ts';
export { createSopsDecrypter } from './decryption/sops-decrypter.ts';
export { createRefusingDecrypter } from './decryption/without-keys.ts';
export type { FileChange } from './file-change.ts';
export { createGpgDecrypter } from './git-secret/gpg-decrypter.ts';
export type { ChartArchives, Helm, HelmProgram } from './helm/helm-program.ts';
export { VALUES_LEFT_OUT } from './helm/helm-units.ts';
export { lockText } from './helm/lock.ts';
export { nameOfChart } from './helm/remote-chart.ts';
export type { NamedRemoteChart } from './helm/remote-charts.ts';
export type { Kustomize, KustomizeProgram } from './kustomize/kustomize-program.ts';
export type { EditTarget } from './locate.ts';
export { ManifestThread } from './manifest-thread.ts';
export { createManifests, type EditedRevision, type Generation, type Manifests, type ManifestsOptions } from './manifests.ts';
export type { ObjectChange } from './object-change.ts';
export { MANIFEST_NAME } from './plain/select-files.ts';
export { type ValueObject, type ValueObjectKind, type ValueObjects, valueObjectName } from './substitution/value-objects.ts';
export { CONFIG_NAME } from './units/target.ts';
export { listingOf } from './units/tree.ts';
