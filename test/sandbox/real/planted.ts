import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmod, chown, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { BUILT, type Sandbox, USER } from './helper.ts';

/** What no command may get: it is in files, environments and memory around the sandbox. */
export const SECRET = `secret-${Math.random().toString(36).slice(2)}`;
/** Folders in which a process of any user may write, or one of the helper's. */
const OUTSIDE = ['/tmp', '/tmp/sandbox', '/dev/shm', '/var/tmp'];
const UNTOUCHED = 'untouched\n';

/** What is around a sandbox, for commands to find, and what became of it. */
export interface Planted {
  /** Says where things are; in the environment of the commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** What has happened to it since the last time, in words. */
  changes(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function plant(sandbox: Sandbox): Promise<Planted> {
  const open = join(sandbox.folder, 'open');
  await mkdir(open);
  await chmod(open, 0o777);
  const [secret, writable, setuid] = ['secret', 'writable', 'setuid'].map((name) => join(open, name)) as [string, string, string];
  await writeFile(secret, `${SECRET}\n`);
  await writeFile(writable, UNTOUCHED);
  await chmod(writable, 0o666);
  await copyFile(join(BUILT, 'attack'), setuid);
  await chmod(setuid, 0o4755);
  // As the files of another repository are.
  const other = '/tmp/sandbox/planted';
  const otherOutside = `/proc/${sandbox.pid}/root${other}`;
  await mkdir(otherOutside, { mode: 0o700 });
  await writeFile(join(otherOutside, 'secret'), `${SECRET}\n`);
  for (const path of [otherOutside, join(otherOutside, 'secret')]) await chown(path, USER, USER);

  const reached: string[] = [];
  const servers: Server[] = [];
  const listen = async (what: string, at: { readonly port: number; readonly host: string } | { readonly path: string }) => {
    const server = createServer((socket) => {
      reached.push(`${what} was reached`);
      socket.on('error', () => undefined).end(SECRET);
    });
    server.listen(at);
    await once(server, 'listening');
    servers.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? String(address.port) : '';
  };
  const unix = join(open, 'listener');
  const abstract = `flux-test-${sandbox.pid}`;
  const tcp = await listen('a TCP port', { port: 0, host: '127.0.0.1' });
  await listen('a Unix socket', { path: unix });
  await chmod(unix, 0o777);
  await listen('an abstract socket', { path: `\0${abstract}` });
  const datagrams = createSocket('udp4', () => reached.push('a UDP port was reached'));
  datagrams.bind(0, '127.0.0.1');
  await once(datagrams, 'listening');

  return {
    environment: {
      SECRET_FILE: secret,
      TOKEN: '/mnt/token',
      OTHER: join(other, 'secret'),
      OPEN: open,
      WRITABLE: writable,
      SETUID: setuid,
      UNIX: unix,
      ABSTRACT: abstract,
      TCP: tcp,
      UDP: String(datagrams.address().port),
    },
    changes: async () => {
      const found = reached.splice(0);
      if ((await readFile(writable, 'utf8')) !== UNTOUCHED) found.push('a file outside was written');
      await writeFile(writable, UNTOUCHED);
      for (const folder of [open, ...OUTSIDE]) {
        const outside = `/proc/${sandbox.pid}/root${folder}`;
        for (const name of (await readdir(outside)).filter((each) => each.startsWith('flux-left'))) {
          found.push(`${folder}/${name} was created`);
          await rm(join(outside, name), { recursive: true });
        }
      }
      return found;
    },
    stop: async () => {
      for (const server of servers) server.close();
      datagrams.close();
    },
  };
}
