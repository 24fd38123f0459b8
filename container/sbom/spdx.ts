import { createHash } from 'node:crypto';
import type { About, Component } from './component.ts';

interface Relationship {
  readonly spdxElementId: string;
  readonly relationshipType: 'DESCRIBES' | 'CONTAINS';
  readonly relatedSpdxElement: string;
}

/** The bill of materials as SPDX 2.3; https://spdx.github.io/spdx-spec/v2.3/ */
export function spdx({ name, version, digest, created, components }: About): object {
  const image: Component = {
    name,
    version,
    purl: `pkg:oci/${name}@${encodeURIComponent(digest)}`,
    license: { expression: 'Apache-2.0' },
  };
  const packages = new Map<string, object>();
  const relationships = new Map<string, Relationship>();
  const relate = (from: string, relationshipType: Relationship['relationshipType'], to: string) =>
    relationships.set(`${from} ${to}`, { spdxElementId: from, relationshipType, relatedSpdxElement: to });
  const add = (component: Component): string => {
    const id = idOf(component);
    // A module that is in several tools is one package.
    if (!packages.has(id)) packages.set(id, describe(component, id));
    for (const part of component.parts ?? []) relate(id, 'CONTAINS', add(part));
    return id;
  };
  relate('SPDXRef-DOCUMENT', 'DESCRIBES', add({ ...image, parts: components }));
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `${name}-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${version}-${digest.replace('sha256:', '')}`,
    creationInfo: { created: created.replace(/\.\d+Z$/, 'Z'), creators: ['Tool: flux-gitops-build-image'] },
    packages: [...packages.values()],
    relationships: [...relationships.values()],
  };
}

function describe({ name, version, purl, license, sha256, url, goSum, parts }: Component, id: string): object {
  return {
    SPDXID: id,
    name,
    versionInfo: version,
    downloadLocation: url ?? 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: license && 'expression' in license ? license.expression : 'NOASSERTION',
    ...(license && 'names' in license ? { licenseComments: `Named in the copyright file: ${license.names.join(', ')}` } : {}),
    copyrightText: 'NOASSERTION',
    ...(sha256 === undefined ? {} : { checksums: [{ algorithm: 'SHA256', checksumValue: sha256 }] }),
    ...(goSum === undefined ? {} : { sourceInfo: `go.sum ${goSum}` }),
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    primaryPackagePurpose: purl.startsWith('pkg:oci/') ? 'CONTAINER' : parts ? 'APPLICATION' : 'LIBRARY',
  };
}

/** Only letters, digits, `.` and `-` may be in an id. */
function idOf({ name, purl }: Component): string {
  const hash = createHash('sha256').update(purl).digest('hex').slice(0, 12);
  return `SPDXRef-${name.replaceAll(/[^A-Za-z0-9.-]/g, '-')}-${hash}`;
}
