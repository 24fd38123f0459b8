import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import { type EndpointConfig, parseWebhookConfig } from './config.ts';
import { isSame } from './signature.ts';

export interface Endpoint extends EndpointConfig {
  /** The bytes of the key file, a line feed at its end included, as in Flux v1. */
  readonly key: Uint8Array;
  /** SHA-256 of key and registry host; in hex it is the last part of the URL. */
  readonly digest: Uint8Array;
}

/** The endpoints with the keys that their files hold now. */
export interface Endpoints {
  /** The one whose URL ends with this digest, in hex. */
  find(digest: string): Promise<Endpoint | undefined>;
}

export interface EndpointsOptions {
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A key file is looked at this often while webhooks come, so that a mounted Secret that changes is soon obeyed. */
const FRESH_MS = 5_000;
const LINE_FEED = 0x0a;

/**
 * Reads the configuration and every key.
 * @throws FluxError `webhooks/bad-config`, `webhooks/bad-key`; later a key that cannot be read closes its endpoint alone.
 */
export async function loadEndpoints(configPath: string, { readFile, clock, log }: EndpointsOptions): Promise<Endpoints> {
  const { endpoints: configs, ignored } = parseWebhookConfig(await readConfig(), configPath);
  for (const field of ignored) log.warn({ field }, 'this field of the webhook configuration means nothing here');
  let endpoints = await Promise.all(configs.map(load));
  refuseTwins(endpoints, configPath);
  for (const { source, keyPath, key } of endpoints) {
    log.info({ source, keyPath, path: '/hook/<sha256 of the key file>' }, 'webhook endpoint ready');
    if (key.at(-1) === LINE_FEED) log.warn({ source, keyPath }, 'this webhook key ends with a line feed, which is part of it');
  }
  let readAt = clock.monotonic();
  let reading: Promise<void> | undefined;
  const closed = new Set<EndpointConfig>();

  async function readConfig(): Promise<string> {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(configPath));
    } catch (cause) {
      throw new FluxError(`webhook configuration ${configPath} cannot be read: ${messageOf(cause)}`, {
        code: 'webhooks/bad-config',
        fault: 'user',
        help: 'Check --webhook-config, and that the file is mounted and may be read.',
        cause,
      });
    }
  }

  async function load(config: EndpointConfig): Promise<Endpoint> {
    const path = resolve(dirname(configPath), config.keyPath);
    const key = await readFile(path).catch((cause: unknown) => {
      throw badKey(config, `it cannot be read: ${messageOf(cause)}`, cause);
    });
    // Anybody could sign with it.
    if (key.length === 0) throw badKey(config, 'it is empty');
    return { ...config, key, digest: createHash('sha256').update(key).update(config.registryHost).digest() };
  }

  async function readAgain(): Promise<void> {
    const found = await Promise.all(
      configs.map((config) =>
        load(config).then(
          (endpoint) => {
            closed.delete(config);
            return endpoint;
          },
          (error: unknown) => {
            if (!closed.has(config)) log.warn({ source: config.source, err: error }, 'webhook endpoint is closed');
            closed.add(config);
            return undefined;
          },
        ),
      ),
    );
    const next = found.filter((endpoint) => endpoint !== undefined);
    for (const endpoint of next) {
      if (endpoints.some(({ digest }) => isSame(digest, endpoint.digest))) continue;
      log.info({ source: endpoint.source, keyPath: endpoint.keyPath }, 'webhook endpoint has a new key, and so a new URL');
    }
    endpoints = next;
    readAt = clock.monotonic();
  }

  return {
    async find(hex) {
      if (clock.monotonic() - readAt >= FRESH_MS) {
        reading ??= readAgain().finally(() => {
          reading = undefined;
        });
        await reading;
      }
      const wanted = Buffer.from(/^[0-9a-f]{64}$/.test(hex) ? hex : '', 'hex');
      // All are compared, whichever it is: where nothing is signed the URL is the secret.
      return endpoints.filter(({ digest }) => isSame(digest, wanted))[0];
    },
  };
}

function refuseTwins(endpoints: readonly Endpoint[], configPath: string): void {
  for (const [index, { digest, keyPath }] of endpoints.entries()) {
    const twin = endpoints.slice(0, index).find((other) => isSame(other.digest, digest));
    if (!twin) continue;
    throw new FluxError(`webhook configuration ${configPath} is refused: ${twin.keyPath} and ${keyPath} hold the same key`, {
      code: 'webhooks/bad-config',
      fault: 'user',
      help: 'The key tells endpoints apart: give each one a key of its own.',
    });
  }
}

function badKey({ source, keyPath }: EndpointConfig, why: string, cause?: unknown): FluxError {
  return new FluxError(`key ${keyPath} of the ${source} webhook is refused: ${why}`, {
    code: 'webhooks/bad-key',
    fault: 'user',
    help: 'Make one with: openssl rand -hex 20 | tr -d "\\n" > FILE; its path is relative to the file of --webhook-config.',
    ...(cause === undefined ? {} : { cause }),
  });
}
