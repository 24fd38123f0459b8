import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';

/** A request as a sender of webhooks makes it. */
export interface Hook {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Webhooks of GitHub and of a script, and how they are signed. */
export interface Webhooks {
  /** What the daemon has to be told. */
  readonly args: readonly string[];
  readonly port: number;
  gitHubPush(push: { readonly url: string; readonly branch: string }): Hook;
  generic(payload: unknown): Hook;
  /** Where a registry sends its events, and the key that it sends with them. */
  readonly registryEvents: { readonly url: string; readonly key: string };
  /** Delivers it; resolves to the status. */
  send(hook: Hook): Promise<number>;
  remove(): void;
}

export async function createWebhooks(): Promise<Webhooks> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-webhooks-'));
  const port = await freePort();
  const key = () => randomBytes(20).toString('hex');
  const keys = { GitHub: key(), Generic: key(), Distribution: key() };
  const sources = Object.entries(keys);
  for (const [source, key] of sources) writeFileSync(join(directory, `${source}.key`), key);
  const endpoints = sources.map(([source]) => ({ source, keyPath: `${source}.key` }));
  const config = join(directory, 'fluxrecv.yaml');
  writeFileSync(config, JSON.stringify({ fluxRecvVersion: 1, endpoints }));

  function signed(source: keyof typeof keys, header: string, payload: unknown, more: Readonly<Record<string, string>>): Hook {
    const key = keys[source];
    const body = JSON.stringify(payload);
    const signature = `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
    return {
      path: pathOf(key),
      headers: { 'content-type': 'application/json', ...more, [header]: signature },
      body,
    };
  }

  return {
    args: [`--webhook-listen=127.0.0.1:${port}`, `--webhook-config=${config}`],
    port,
    gitHubPush({ url, branch }) {
      const payload = { ref: `refs/heads/${branch}`, repository: { clone_url: url } };
      return signed('GitHub', 'x-hub-signature-256', payload, { 'x-github-event': 'push' });
    },
    registryEvents: { url: `http://127.0.0.1:${port}${pathOf(keys.Distribution)}`, key: keys.Distribution },
    generic: (payload) => signed('Generic', 'x-signature', payload, {}),
    async send({ path, headers, body }) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body });
      await response.text();
      return response.status;
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function pathOf(key: string): string {
  return `/hook/${createHash('sha256').update(key).digest('hex')}`;
}
