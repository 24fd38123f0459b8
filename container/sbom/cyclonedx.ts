import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import type { About, Component, License } from './component.ts';

/** The bill of materials as CycloneDX 1.6, as text; https://cyclonedx.org/docs/1.6/json/ */
export function cycloneDx({ name, version, digest, created, components }: About): string {
  const image = new Models.Component(Enums.ComponentType.Container, name, {
    version,
    bomRef: `${name}@${digest}`,
    purl: `pkg:oci/${name}@${encodeURIComponent(digest)}`,
    licenses: licensesOf({ expression: 'Apache-2.0' }),
  });
  const bom = new Models.Bom({
    serialNumber: `urn:uuid:${uuidOf(digest)}`,
    metadata: new Models.Metadata({ component: image, timestamp: new Date(created) }),
  });
  for (const component of components) {
    const model = modelOf(component, '');
    image.dependencies.add(model.bomRef);
    bom.components.add(model);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return serializer.serialize(bom, { sortLists: true, space: 1 });
}

/** `within` distinguishes the same module in several tools. */
function modelOf({ name, version, purl, license, sha256, goSum, parts }: Component, within: string): Models.Component {
  const type = parts ? Enums.ComponentType.Application : Enums.ComponentType.Library;
  const model = new Models.Component(type, name, { version, purl, bomRef: `${within}${purl}`, licenses: licensesOf(license) });
  if (sha256 !== undefined) model.hashes.set(Enums.HashAlgorithm['SHA-256'], sha256);
  if (goSum !== undefined) model.properties.add(new Models.Property('flux:go.sum', goSum));
  for (const part of parts ?? []) model.components.add(modelOf(part, `${within}${purl} `));
  return model;
}

function licensesOf(license: License | undefined): Models.LicenseRepository {
  if (!license) return new Models.LicenseRepository();
  if ('expression' in license) return new Models.LicenseRepository([new Models.LicenseExpression(license.expression)]);
  return new Models.LicenseRepository(license.names.map((name) => new Models.NamedLicense(name)));
}

/** A UUID that the image decides, so that the same image has the same bill; version 8 of RFC 9562. */
function uuidOf(digest: string): string {
  const hex = digest.replace('sha256:', '');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}
