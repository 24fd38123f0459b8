import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { havePart } from '../../support/part.ts';
import { until } from '../../support/until.ts';

const REDIS = ['/usr/bin/redis-server', '/usr/bin/valkey-server'].find(existsSync);
const MEMCACHED = ['/usr/bin/memcached'].find(existsSync);

/** Whether the real servers are there: Debian's packages redis-server and memcached. */
export const haveRedis = (): boolean => havePart('redis-server', REDIS !== undefined);
export const haveMemcached = (): boolean => havePart('memcached', MEMCACHED !== undefined);

/** A real server on a port of its own. */
export interface Server {
  readonly port: number;
  start(): Promise<void>;
  /** Kills it, with all that it has. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
}

const KEEPS_NOTHING = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];

export function startRedis(...flags: readonly string[]): Promise<Server> {
  return startServer((port) => [REDIS ?? '', ['--port', `${port}`, ...KEEPS_NOTHING, ...flags]]);
}

/** One that speaks TLS only. */
export function startRedisByTls(...flags: readonly string[]): Promise<Server> {
  return startServer((port) => [REDIS ?? '', ['--port', '0', '--tls-port', `${port}`, ...KEEPS_NOTHING, ...flags]]);
}

export function startMemcached(...flags: readonly string[]): Promise<Server> {
  return startServer((port) => [MEMCACHED ?? '', ['-u', 'nobody', '-l', '127.0.0.1', '-p', `${port}`, '-U', '0', ...flags]]);
}

async function startServer(command: (port: number) => readonly [string, readonly string[]]): Promise<Server> {
  const port = await freePort();
  const [program, args] = command(port);
  let child: ChildProcess | undefined;
  const server: Server = {
    port,
    async start() {
      child = spawn(program, args, { stdio: 'ignore', cwd: '/' });
      await until('the server listens', () => isOpen(port));
    },
    async kill() {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child?.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
  onTestFinished(() => server.kill());
  await server.start();
  return server;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy().destroyed));
    socket.once('error', () => resolve(false));
  });
}

/** What a proxy does with a chunk from the server; undefined to destroy the connection. */
export type Passage = (chunk: Buffer, sent: number) => Buffer | undefined | Promise<Buffer | undefined>;

/** A proxy in front of a server, which may delay, change or lose what the server says. Resolves to its port. */
export async function startProxy(port: number, passage: Passage): Promise<number> {
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1');
    let sent = 0;
    const both = [client, server];
    const end = () => {
      for (const socket of both) socket.destroy();
    };
    for (const socket of both) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.pipe(server);
    server.on('data', async (chunk) => {
      const passed = await passage(chunk, sent);
      sent += chunk.length;
      if (passed === undefined) end();
      else client.write(passed);
    });
  });
  await new Promise<void>((resolve) => {
    proxy.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  const address = proxy.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
