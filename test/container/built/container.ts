import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Finished, start } from '../../e2e/harness/process.ts';

/** A runtime bundle (https://github.com/opencontainers/runtime-spec) of the image, made by test/container/built/run.sh. */
export const BUNDLE = process.env.TEST_IMAGE_BUNDLE ?? 'TEST_IMAGE_BUNDLE is not set: run npm run test:image';
export const ROOTFS = join(BUNDLE, 'rootfs');

export interface Mount {
  readonly source: string;
  readonly destination: string;
}

export interface ContainerOptions {
  /** Instead of the image's own entry point. */
  readonly command?: readonly string[];
  /** Added to the entry point. */
  readonly args?: readonly string[];
  /** User and group id; root when absent, as the image says. */
  readonly uid?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Files and directories of this machine, to be read only. */
  readonly mounts?: readonly Mount[];
  /** Empty directories of its own. /tmp always is one. */
  readonly scratch?: readonly string[];
  /** Whether the image's files can be changed. */
  readonly writable?: boolean;
}

interface RuntimeConfig {
  process: Record<string, unknown> & { args: string[]; env: string[] };
  root: { path: string; readonly: boolean };
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  linux: { namespaces: { type: string }[] };
}

/** Runs a container by runc, without any capability, in this machine's network. The caller ends it: it gets a signal by `kill`. */
export async function startContainer(options: ContainerOptions) {
  const { command, args = [], uid = 0, env = {}, mounts = [], scratch = [], writable = false } = options;
  const config = JSON.parse(await readFile(join(BUNDLE, 'config.json'), 'utf8')) as RuntimeConfig;
  const none = { bounding: [], effective: [], inheritable: [], permitted: [], ambient: [] };
  Object.assign(config.process, { terminal: false, user: { uid, gid: uid }, capabilities: none, noNewPrivileges: true });
  config.process.args = [...(command ?? config.process.args), ...args];
  // umoci adds the HOME of the image's user; container runtimes take that of the user that they start.
  const inherited = config.process.env.filter((variable) => !/^(HOME|TERM)=/.test(variable));
  const own = Object.entries({ HOME: uid === 0 ? '/root' : '/home/flux', ...env }).map(([name, value]) => `${name}=${value}`);
  config.process.env = [...inherited, ...own];
  config.root = { path: ROOTFS, readonly: !writable };
  config.mounts.push(
    ...['/tmp', ...scratch].map((destination) => ({
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'nodev', 'mode=1777'],
    })),
    ...mounts.map((mount) => ({ ...mount, type: 'bind', options: ['rbind', 'ro'] })),
  );
  config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== 'network');
  const bundle = await mkdtemp(join(tmpdir(), 'flux-bundle-'));
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config));
  const id = `flux-image-${randomBytes(6).toString('hex')}`;
  const container = start('runc', ['run', '--bundle', bundle, id]);
  const finished = container.finished.finally(() => rm(bundle, { recursive: true }));
  return {
    output: () => container.output(),
    finished,
    kill: (signal: 'TERM' | 'KILL'): Promise<void> =>
      new Promise((resolve) => execFile('runc', ['kill', id, signal], () => resolve())),
  };
}

/** Runs a container to its end. */
export async function runContainer(options: ContainerOptions): Promise<Finished> {
  return (await startContainer(options)).finished;
}

/** What a shell line prints in a container. @throws Error when it fails */
export async function shell(line: string, options: Omit<ContainerOptions, 'command'> = {}): Promise<string> {
  const { code, stdout, stderr } = await runContainer({ ...options, command: ['sh', '-c', line] });
  if (code !== 0) throw new Error(`${line} ended with ${code}:\n${stdout}${stderr}`);
  return stdout.trim();
}
