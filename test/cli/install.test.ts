import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type JsonValue, parseYamlDocuments } from '../../src/base/index.ts';
import { startTarget, type Target } from '../sim/kubernetes/target.ts';
import { fluxctl } from './daemon.ts';

const GIVEN = ['--git-url=git@example.org:acme/conf', '--git-email=flux@example.org'];
const install = (...flags: string[]) => fluxctl(['install', ...GIVEN, ...flags]);

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly image: string; readonly args: readonly string[] }[] };
    };
  };
  readonly subjects?: JsonValue;
}

const isManifest = (value: unknown): value is Manifest => typeof value === 'object' && value !== null && 'kind' in value;
const documents = (yaml: string) =>
  [...parseYamlDocuments(yaml)].flatMap((document) => {
    if (document.error) throw document.error;
    return isManifest(document.value) ? [document.value] : [];
  });
const container = (yaml: string) => {
  const found = documents(yaml).find(({ kind }) => kind === 'Deployment')?.spec?.template.spec.containers[0];
  if (!found) throw new Error('there is no container');
  return found;
};

const COLLECTIONS: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceaccounts',
  Secret: 'secrets',
  ConfigMap: 'configmaps',
  Service: 'services',
  NetworkPolicy: 'networkpolicies',
  Deployment: 'deployments',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
};

describe('install', () => {
  let cluster: Target;
  beforeAll(async () => {
    cluster = await startTarget();
  });
  afterAll(() => cluster.stop());

  test.each<[string, string[]]>([
    ['with nothing but what it needs (INST-2)', []],
    [
      'with everything (INST-1)',
      [
        ...['--git-branch=prod', '--git-path=a,b', '--git-path=c', '--git-label=sync', '--git-user=Ann', '--git-readonly=false'],
        ...['--registry-disable-scanning', '--image=registry.example.org/fluxd:1', '--add-security-context=false'],
      ],
    ],
  ])('an API server takes what it prints %s', async (_case, flags) => {
    const namespace = await cluster.namespace();
    const { code, stdout } = await install(...flags, `--namespace=${namespace}`);
    expect(code).toBe(0);
    const manifests = documents(stdout);
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'Secret',
      'ConfigMap',
      'Service',
      'NetworkPolicy',
      'Deployment',
    ]);
    for (const manifest of manifests) {
      const { apiVersion, kind, metadata } = manifest;
      const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
      const within = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
      const answer = await cluster.apply(`${group}${within}/${COLLECTIONS[kind]}/${metadata.name}`, manifest, {
        query: '&dryRun=All',
      });
      expect([kind, answer.status, answer.body.message]).toEqual([kind, 201, undefined]);
    }
  });

  test('flags become arguments of fluxd, and what is empty is left out', async () => {
    const given = await install('--git-path=a', '--git-path=b', '--git-label=', '--git-user=', '--registry-disable-scanning');
    const about = (yaml: string) =>
      container(yaml).args.filter((argument) =>
        /^--(git-(url|branch|path|label|user|email|readonly)|registry-dis)/.test(argument),
      );
    expect(about(given.stdout)).toEqual([
      '--git-url=git@example.org:acme/conf',
      '--git-branch=master',
      '--git-path=a,b',
      '--git-email=flux@example.org',
      '--registry-disable-scanning=true',
    ]);
    const plain = await install('--manifest-generation=false');
    expect(container(plain.stdout).args).toEqual(expect.arrayContaining(['--git-label=flux', '--git-user=Flux']));
  });

  test.each([['--git-path=a,/b', 'subdirectory given as --git-path should not have leading forward slash']])(
    'what fluxd would not start with is refused: %s',
    async (flag, why) => {
      const { code, stdout, stderr } = await install(flag);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe(`Error: fluxd would not start: ${why}\nRun 'fluxctl install --help' for usage.\n`);
    },
  );

  test('the image is one that nobody can have published, unless it is named', async () => {
    const plain = await install();
    expect(container(plain.stdout).image).toBe('localhost/fluxd:9.9.9');
    expect(plain.stderr).toBe('No fluxd image is published yet: build one, and set it with --image.\n');
    const named = await install('--image=registry.example.org/fluxd:1');
    expect([container(named.stdout).image, named.stderr]).toEqual(['registry.example.org/fluxd:1', '']);
  });

  test('the old name of a flag works, with a notice', async () => {
    const { stdout, stderr } = await install('--git-paths=a,b', '--image=i:1');
    expect(container(stdout).args).toContain('--git-path=a,b');
    expect(stderr).toBe('Flag --git-paths has been deprecated, please use --git-path (no ending s) instead\n');
  });

  test('a file each, named as Flux v1 does (INST-5)', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'install-'));
    const { code, stdout, stderr } = await install('--image=i:1', '-o', directory);
    expect([code, stdout]).toEqual([0, '']);
    const files = readdirSync(directory).sort();
    expect(files).toEqual(['account', 'config', 'deployment', 'network', 'secret', 'service'].map((name) => `flux-${name}.yaml`));
    expect(stderr.split('\n').filter(Boolean).sort()).toEqual(files.map((file) => `writing ${join(directory, file)}`));
    for (const file of files) expect(readFileSync(join(directory, file), 'utf8')).toMatch(/^---\napiVersion: /);
    rmSync(directory, { recursive: true });
  });

  test('needs a directory that is one', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'install-'));
    const file = join(directory, 'file');
    writeFileSync(file, '');
    expect(await install('-o', file)).toMatchObject({
      code: 1,
      stderr: `Error: ${file} is not a directory\nRun 'fluxctl install --help' for usage.\n`,
    });
    expect((await install('-o', '/nowhere')).stderr).toMatch(/^Error: stat \/nowhere: no such file or directory\n/);
    rmSync(directory, { recursive: true });
  });
});
