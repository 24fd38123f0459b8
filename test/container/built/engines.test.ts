import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOT, run, runOk } from '../../e2e/harness/process.ts';
import { until } from '../../support/until.ts';

const ARCHIVE = join(process.env.TEST_IMAGE ?? 'TEST_IMAGE is not set: run npm run test:image', 'flux-gitops.oci.tar');
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const NAME = 'example.com/flux-gitops:try';
/** As user 10001: a command of each kind, and a name for the user. */
const LINE = 'fluxd --version && id -un && git --version && kubectl version --client && gpg --list-keys';
const EXPECTED = new RegExp(`^${version.replaceAll('.', '\\.')}\nflux\ngit version 2\\..*\nClient Version: v1\\.`, 's');
/** None of these programs may touch this machine's own network: dockerd would change its packet filter. */
const NETWORK = `flux-image-${process.pid}`;

let work: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'flux-engines-'));
  await runOk('ip', ['netns', 'add', NETWORK]);
  await runOk('ip', ['-n', NETWORK, 'link', 'set', 'lo', 'up']);
});
afterAll(async () => {
  await runOk('ip', ['netns', 'delete', NETWORK]);
  rmSync(work, { recursive: true, force: true });
});

/** Starts a daemon and waits until `ready` succeeds; the returned function ends it. */
async function startEngine(command: readonly string[], ready: readonly [string, ...string[]]): Promise<() => Promise<void>> {
  let output = '';
  const engine: ChildProcess = spawn('nsenter', [`--net=/run/netns/${NETWORK}`, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [engine.stdout, engine.stderr]) stream?.on('data', (text) => (output += text));
  const ended = new Promise<void>((resolve) => engine.once('close', () => resolve()));
  await until(
    `${command[0]} answers`,
    async () => {
      if (engine.exitCode !== null) throw new Error(`${command[0]} ended with ${engine.exitCode}:\n${output}`);
      return (await run(ready[0], ready.slice(1))).code === 0;
    },
    100_000,
  );
  return async () => {
    engine.kill('SIGTERM');
    await ended;
  };
}

describe('containerd', () => {
  let ctr: readonly string[];
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const socket = join(work, 'containerd.sock');
    const config = join(work, 'containerd.toml');
    const directories = `root = "${work}/containerd"\nstate = "${work}/containerd-state"\n`;
    writeFileSync(
      config,
      `version = 2\n${directories}disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "${socket}"\n`,
    );
    ctr = ['--address', socket, '--namespace', 'flux'];
    stop = await startEngine(['containerd', '--config', config], ['ctr', ...ctr, 'version']);
    await runOk('ctr', [...ctr, 'images', 'import', '--index-name', NAME, ARCHIVE]);
  }, 300_000);
  afterAll(() => stop());

  test('runs it as root', async () => {
    const command = ['/usr/bin/tini', '--', 'fluxd', '--version'];
    expect(await runOk('ctr', [...ctr, 'run', '--rm', NAME, 'as-root', ...command])).toBe(`${version}\n`);
  });

  test('runs it as user 10001 on a read-only root', async () => {
    const mounts = ['/tmp', '/home/flux'].flatMap((path) => ['--mount', `type=tmpfs,src=tmpfs,dst=${path},options=mode=1777`]);
    const options = ['--rm', '--read-only', '--env', 'HOME=/home/flux', ...mounts];
    // This version of ctr has no --user.
    const command = ['/usr/sbin/chroot', '--userspec=10001:10001', '/', 'sh', '-c', LINE];
    expect(await runOk('ctr', [...ctr, 'run', ...options, NAME, 'as-user', ...command])).toMatch(EXPECTED);
  });
});

describe('Docker', () => {
  let docker: readonly string[];
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const host = `unix://${work}/docker.sock`;
    const places = [
      '--data-root',
      join(work, 'docker'),
      '--exec-root',
      join(work, 'docker-run'),
      '--pidfile',
      join(work, 'docker.pid'),
    ];
    docker = ['--host', host];
    stop = await startEngine(['dockerd', '--host', host, ...places], ['docker', ...docker, 'info']);
    const target = `docker-daemon:${NAME}`;
    await runOk('skopeo', ['copy', '--quiet', '--dest-daemon-host', host, `oci-archive:${ARCHIVE}`, target]);
  }, 300_000);
  afterAll(() => stop());

  test('runs it as root', async () => {
    expect(await runOk('docker', [...docker, 'run', '--rm', NAME, '--version'])).toBe(`${version}\n`);
  });

  test('runs it as user 10001 on a read-only root, without capabilities', async () => {
    const options = [
      '--rm',
      '--read-only',
      '--user',
      '10001:10001',
      '--cap-drop',
      'ALL',
      '--tmpfs',
      '/tmp',
      '--tmpfs',
      '/home/flux:mode=1777',
    ];
    const command = ['--entrypoint', 'sh', NAME, '-c', LINE];
    expect(await runOk('docker', [...docker, 'run', ...options, ...command])).toMatch(EXPECTED);
  });
});

test('the Dockerfile makes an image with the same files', { timeout: 1_200_000 }, async () => {
  const storage = ['--root', join(work, 'buildah'), '--runroot', join(work, 'buildah-run'), '--storage-driver', 'overlay'];
  const buildah = (...args: string[]) =>
    runOk('buildah', [...storage, ...args], { env: { HOME: '/root', BUILDAH_ISOLATION: 'chroot' } });
  // Stands in for the image of Go, which no registry here has: a few links, and this machine's tools where they lead.
  const links = join(work, 'builder');
  mkdirSync(links);
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(links, name));
  mkdirSync(join(links, 'tmp'), { mode: 0o1777 });
  const builder = (await buildah('from', 'scratch')).trim();
  await buildah('copy', '--quiet', builder, links, '/');
  await buildah('config', '--env', 'PATH=/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin', '--env', 'HOME=/root', builder);
  await buildah('commit', '--quiet', builder, 'localhost/builder');
  const volumes = ['/usr:/usr:ro', '/etc:/etc:ro', '/root/go:/root/go', '/root/.cache:/root/.cache'].flatMap((path) => [
    '--volume',
    path,
  ]);
  const file = join(ROOT, 'container/Dockerfile');
  await buildah(
    'bud',
    '--pull-never',
    '--build-arg',
    'BUILDER=localhost/builder',
    '--ignorefile',
    `${file}.dockerignore`,
    ...volumes,
    '-f',
    file,
    '-t',
    'flux',
    ROOT,
  );
  const container = (await buildah('from', '--pull-never', 'flux')).trim();
  const root = (await buildah('mount', container)).trim();
  const list =
    'find . -mindepth 1 ! -path ./var/lock -printf "%p %M %U:%G %l\\n" | sort; find . -type f -exec sha256sum {} + | sort';
  // Anew: runc leaves directories for its mounts in the root that the other tests share.
  await runOk('skopeo', ['copy', '--quiet', `oci-archive:${ARCHIVE}`, `oci:${join(work, 'layout')}:image`]);
  await runOk('umoci', ['unpack', '--image', `${join(work, 'layout')}:image`, join(work, 'bundle')]);
  const [ours, theirs] = await Promise.all([join(work, 'bundle/rootfs'), root].map((cwd) => runOk('sh', ['-c', list], { cwd })));
  await buildah('umount', container);
  expect(theirs).toBe(ours);
  const config = JSON.parse(await buildah('inspect', '--type', 'image', 'flux')) as {
    OCIv1: { config: { Entrypoint: string[] } };
  };
  expect(config.OCIv1.config.Entrypoint).toEqual(['/usr/bin/tini', '--', '/usr/local/bin/fluxd']);
});
