import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { GO_TOOLS } from '../../../container/contents.ts';
import { parseDebianLock } from '../../../container/debian-lock.ts';
import { sha256OfFile } from '../../../container/layer.ts';
import { debianPart } from '../../../container/parts/debian.ts';
import { goToolPart, TOOLS } from '../../../container/parts/go-tool.ts';
import { ROOT, run, runOk } from '../../e2e/harness/process.ts';
import { ROOTFS } from './container.ts';

const BUILT = process.env.TEST_IMAGE ?? 'TEST_IMAGE is not set: run npm run test:image';
const PYTHON = process.env.TEST_IMAGE_PYTHON ?? 'TEST_IMAGE_PYTHON is not set: run npm run test:image';
const KUSTOMIZE = GO_TOOLS.find(({ name }) => name === 'kustomize') ?? expect.unreachable();
const work = mkdtempSync(join(tmpdir(), 'flux-image-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));
const { HOME = '/root' } = process.env;

test('another build from the same lock, with nothing cached and other settings around it, has the same bytes', {
  timeout: 900_000,
}, async () => {
  const build = `umask 077; exec npm run build:image -- --target ${work}/again --cache ${work}/cache`;
  mkdirSync(join(work, 'tmp'));
  await runOk('sh', ['-c', build], {
    env: { HOME, TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8', TMPDIR: join(work, 'tmp'), GOFLAGS: '-x' },
  });
  for (const file of ['flux-gitops.oci.tar', 'sbom.spdx.json', 'sbom.cdx.json']) {
    expect(await sha256OfFile(join(work, 'again', file)), file).toBe(await sha256OfFile(join(BUILT, file)));
  }
});

test('a tool compiled anew, in another directory, has the same bytes', { timeout: 900_000 }, async () => {
  const tools = join(work, 'tools');
  cpSync(join(TOOLS, 'kustomize'), join(tools, 'kustomize'), { recursive: true });
  vi.stubEnv('GOCACHE', join(work, 'go-cache'));
  try {
    const part = await goToolPart(KUSTOMIZE, tools);
    await part.stage(join(work, 'kustomize'));
  } finally {
    vi.unstubAllEnvs();
  }
  const path = 'usr/local/bin/kustomize';
  expect(await sha256OfFile(join(work, 'kustomize', path))).toBe(await sha256OfFile(join(ROOTFS, path)));
});

test('a module that has vanished fails with the command that refreshes the lock', async () => {
  const proxy = createServer((_, response) => response.writeHead(404).end('not found: unknown revision'));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const tools = join(work, 'vanished');
  cpSync(join(TOOLS, 'kustomize'), join(tools, 'kustomize'), { recursive: true });
  vi.stubEnv('GOPROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv('GOMODCACHE', join(work, 'modules'));
  try {
    const part = await goToolPart(KUSTOMIZE, tools);
    await expect(part.stage(join(work, 'nothing'))).rejects.toThrow(
      /sigs\.k8s\.io\/kustomize.* npm run build:image -- --refresh$/s,
    );
  } finally {
    vi.unstubAllEnvs();
    proxy.close();
  }
});

test('a Debian version that has vanished fails with a command, and that command mends it', { timeout: 600_000 }, async () => {
  const copy = join(work, 'copy');
  for (const name of ['bin', 'src', 'tools', 'ui', 'container', 'package.json', 'package-lock.json', 'LICENSE']) {
    cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const file = join(copy, 'container/debian.lock.json');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/(git_2[^"]*)_amd64\.deb/, '$1.vanished_amd64.deb'));
  const env = { HOME };
  const failed = await run('npm', ['run', 'build:image', '--', '--cache', join(work, 'empty')], { cwd: copy, env });
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/^Debian package git \S+ is locked, but it is no longer at http\S+vanished_amd64\.deb\.$/m);
  const command = failed.stderr.match(/^ {2}(npm run .*)$/m)?.[1] ?? 'no command was named';
  await runOk('sh', ['-c', command], { cwd: copy, env });
  const lock = parseDebianLock(readFileSync(file, 'utf8'), file);
  const root = join(work, 'root');
  mkdirSync(root);
  await (await debianPart(lock, join(HOME, '.cache/flux-image/downloads'))).stage(root);
  expect(readFileSync(join(root, 'var/lib/dpkg/status.d/git'), 'utf8')).toContain('Package: git\n');
});

test('the bills of materials are valid, and name every package, module and tool', async () => {
  await runOk(join(PYTHON, 'pyspdxtools'), ['--infile', join(BUILT, 'sbom.spdx.json')]);
  const check = [
    'import sys',
    'from cyclonedx.validation.json import JsonStrictValidator',
    'from cyclonedx.schema import SchemaVersion',
    'error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())',
    'sys.exit(str(error.data.message) if error else 0)',
  ].join('\n');
  await runOk(join(PYTHON, 'python'), ['-c', check, join(BUILT, 'sbom.cdx.json')]);
  const { packages } = parseDebianLock(readFileSync('container/debian.lock.json', 'utf8'), 'debian.lock.json');
  const spdx = JSON.parse(readFileSync(join(BUILT, 'sbom.spdx.json'), 'utf8')) as { packages: { name: string }[] };
  const names = spdx.packages.map(({ name }) => name);
  const expected = [...packages, ...GO_TOOLS].map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([...expected, 'node', 'flux-gitops', 'zod', 'k8s.io/client-go', 'github.com/getsops/gopgagent']),
  );
  expect(readFileSync(join(BUILT, 'sbom.cdx.json'), 'utf8')).toContain('"pkg:golang/k8s.io/client-go@');
});
