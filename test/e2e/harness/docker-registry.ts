import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from '../../git/support/repository.ts';
import { freePort } from '../../support/free-port.ts';
import { havePart } from '../../support/part.ts';
import { untilServed } from '../../support/until.ts';

const PROGRAM = '/usr/bin/docker-registry';

/** Whether Docker's own registry can be tried here. */
export function haveDockerRegistry(): boolean {
  return havePart('docker-registry', existsSync(PROGRAM));
}

/** Docker's own registry on a free port, which sends its events to a URL; resolves to `host:port`. */
export async function startDockerRegistry(events: { readonly url: string; readonly key: string }): Promise<string> {
  const directory = temporaryDirectory();
  const host = `127.0.0.1:${await freePort()}`;
  const endpoint = {
    name: 'fluxd',
    url: events.url,
    headers: { Authorization: [`Bearer ${events.key}`] },
    timeout: '5s',
    threshold: 3,
    backoff: '100ms',
  };
  const config = {
    version: 0.1,
    log: { level: 'error' },
    storage: { filesystem: { rootdirectory: join(directory, 'data') } },
    http: { addr: host },
    notifications: { endpoints: [endpoint] },
  };
  const file = join(directory, 'registry.yaml');
  writeFileSync(file, JSON.stringify(config));
  const registry = spawn(PROGRAM, ['serve', file], { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: directory } });
  onTestFinished(() => void registry.kill('SIGKILL'));
  await untilServed('the registry answers', async () => (await fetch(`http://${host}/v2/`)).ok);
  return host;
}
