import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { silentLogger, systemClock } from '../../../src/base/index.ts';
import { createNetworkRunner, DEFAULT_LIMITS } from '../../../src/sandbox/index.ts';
import { certificate } from '../../support/certificate.ts';
import { until } from '../../support/until.ts';
import { behavesAsARunner, SMALL_LIMITS } from '../behaviours.ts';
import { command, runOf } from '../command-files.ts';
import { ATTACKS, type Attack } from './attacks.ts';
import { BUILT, CLOSED, MEMORY, type Sandbox, startSandbox, USER } from './helper.ts';
import { SECRET } from './planted.ts';
import { openTrial, type Trial } from './trial.ts';

/** A server that says hello to each connection, and its port. */
async function greeter(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined).end('hello from outside\n'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('the sandbox with network', () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await startSandbox(SMALL_LIMITS, { network: CLOSED });
  });
  afterAll(() => sandbox.stop());

  behavesAsARunner(() => sandbox.runner);

  test('says which layers it has', () => {
    expect(sandbox.runner.layers()).toMatchObject({ user: USER, seccomp: true, memory: MEMORY, network: 'confined' });
  });

  test('a command reaches a server by the name that the system resolves, and by its address', async () => {
    const port = await greeter();
    const hosts = ['localhost', '127.0.0.1'];
    const text = hosts.map((host) => `cat </dev/tcp/${host}/${port}`).join('; ');
    expect(await sandbox.runner.run(runOf(`getent ahosts localhost >/dev/null && bash -c '${text}'`))).toMatchObject({
      outputs: [Buffer.from('hello from outside\nhello from outside\n')],
    });
  });

  test('two daemons, of which one is about to take over, are served one after the other', async () => {
    const { port, identity } = sandbox;
    const options = { host: '127.0.0.1', port, identity, clock: systemClock, logger: silentLogger(), limits: SMALL_LIMITS };
    const other = createNetworkRunner(options);
    onTestFinished(() => other.close());
    // The end of each command kills all others.
    const slowly = (word: string) => runOf(`sleep 0.3; echo ${word}`);
    const outcomes = [sandbox.runner.run(slowly('one')), other.run(slowly('two')), sandbox.runner.run(slowly('three'))];
    expect(await Promise.all(outcomes)).toMatchObject(
      ['one', 'two', 'three'].map((word) => ({ kind: 'succeeded', outputs: [Buffer.from(`${word}\n`)] })),
    );
  });

  test('a command reads how names are resolved, and which certificates are trusted', async () => {
    expect(
      await sandbox.runner.run(runOf('cat /etc/resolv.conf /etc/hosts >/dev/null && ls /etc/ssl/certs >/dev/null')),
    ).toMatchObject({
      kind: 'succeeded',
    });
  });
});

/** Attacks that only the network makes possible. */
const BY_NETWORK: readonly Attack[] = [
  { name: 'read the key of the connection', commands: ['cat /mnt/identity/tls.key'], unconfined: 'works' },
  {
    name: 'read it by the helper',
    commands: ['cat /proc/1/root/mnt/identity/tls.key /proc/1/cwd/mnt/identity/tls.key; ls /mnt/identity && echo ESCAPED'],
    unconfined: 'works',
  },
];

describe('a hostile command with network (S-040)', () => {
  let sandbox: Sandbox;
  let trial: Trial;
  beforeAll(async () => {
    sandbox = await startSandbox({ ...DEFAULT_LIMITS, changedFiles: 100 }, { secret: SECRET, network: CLOSED });
    trial = await openTrial(sandbox);
  });
  afterAll(async () => {
    await trial.close();
    await sandbox.stop();
  });

  test.each([...ATTACKS.filter(({ isNetwork }) => !isNetwork), ...BY_NETWORK])('cannot $name', async (attack) => {
    expect(await trial.confined(attack)).toEqual([]);
    await trial.isWell();
  });

  test.each(BY_NETWORK)('that is not confined works: $name', async (attack) => {
    expect(await trial.unconfined(attack)).not.toEqual([]);
  });

  test('cannot end the connection of fluxd by many to the same port, nor keep it from the next one', async () => {
    const flood = `for i in $(seq 200); do (exec 3<>/dev/tcp/127.0.0.1/${sandbox.port}; sleep 2) & done; wait; echo over`;
    const script = runOf([command(`bash -c '${flood}'`, { timeoutMs: 20_000 })], { entries: trial.entries() });
    expect(await sandbox.runner.run(script)).toMatchObject({ kind: 'succeeded' });
    const controller = new AbortController();
    const cancelled = sandbox.runner.run(script, { signal: controller.signal });
    const ended = expect(cancelled).rejects.toThrow('enough');
    await until('it floods', async () => (await sandbox.others()).length > 50);
    controller.abort(new Error('enough'));
    await ended;
    await trial.isWell();
  });

  /** What a stranger gets from the port of the helper. */
  async function saidTo(stranger: ReturnType<typeof connect> | TLSSocket): Promise<string> {
    let text = '';
    stranger.on('data', (chunk) => {
      text += chunk.toString();
    });
    stranger.on('error', () => undefined); // the helper closed it
    await new Promise((resolve) => stranger.on('close', resolve));
    return text;
  }

  test('nobody without the key is served at its port, and fluxd still is', async () => {
    const { port } = sandbox;
    const ours = await readFile(join(sandbox.identity, 'tls.crt'), 'utf8');
    const foreign = certificate();
    const to = { host: '127.0.0.1', port, rejectUnauthorized: false };
    expect(await saidTo(connectTls({ ...to }))).toBe('');
    expect(await saidTo(connectTls({ ...to, ...foreign }))).toBe('');
    // Our certificate, which is no secret, signed for by another key.
    expect(() => connectTls({ ...to, cert: ours, key: foreign.key })).toThrow(/mismatch/);
    const plain = connect(port, '127.0.0.1');
    plain.write('{"type":"run"}'.repeat(100));
    expect(await saidTo(plain)).not.toContain('hello');
    const older = connectTls({
      ...to,
      cert: ours,
      key: await readFile(join(sandbox.identity, 'tls.key')),
      maxVersion: 'TLSv1.2',
    });
    expect(await saidTo(older)).toBe('');
    await trial.isWell();
    expect(sandbox.log()).toMatch(/a connection was refused/);
  });
});

describe('a helper with network', () => {
  test.each([
    ['the API server', { apiServerPort: true }],
    ['a metadata service', { closedPort: true }],
  ])('runs nothing where no policy keeps commands from %s', async (_, open) => {
    const port = await greeter();
    const sandbox = await startSandbox(SMALL_LIMITS, {
      network: { apiServerPort: 'apiServerPort' in open ? port : 1, closedPort: 'closedPort' in open ? port : 1 },
    });
    onTestFinished(() => sandbox.stop());
    expect(sandbox.runner.layers()).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining('no NetworkPolicy keeps its commands from the API server'),
    });
    expect(sandbox.log()).toContain(`commands could reach 127.0.0.1:${port}`);
  });

  const start = (environment: Readonly<Record<string, string>>, ...args: readonly string[]) =>
    promisify(execFile)(
      'unshare',
      [
        '--pid',
        '--fork',
        'setpriv',
        '--reuid',
        String(USER),
        '--regid',
        String(USER),
        '--clear-groups',
        join(BUILT, 'flux-sandbox'),
        ...args,
      ],
      { env: { PATH: process.env.PATH ?? '', ...environment } },
    ).then(
      () => 'it ended',
      (error: { readonly stderr: string }) => error.stderr,
    );
  const inPod = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };

  test('does not start where it cannot see whether there is a policy', async () => {
    expect(await start({}, '--listen=127.0.0.1:0')).toMatch(/run it in a pod/);
  });

  test('does not start without a certificate', async () => {
    expect(await start(inPod, '--listen=127.0.0.1:0', '--identity=/nowhere')).toMatch(
      /no certificate to share with fluxd in \/nowhere/,
    );
  });
});
