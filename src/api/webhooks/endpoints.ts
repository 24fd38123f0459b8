import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { type Clock, FluxError, type Logger, messageOf } from '../../base/index.ts';
import { type EndpointConfig, parseWebhookConfig } from './config.ts';
import { isSame } from './signature.ts';

export interface Endpoint extends EndpointConfig {
  /** The bytes of the key file, including a final line feed, as in Flux v1. */
  readonly key: Uint8Array;
  /** SHA-256 of key and registry host; its hex form is the last segment of the URL. */
  readonly digest: Uint8Array;
}

/** The endpoints with the current keys of their files. */
export interface Endpoints {
  /** The endpoint whose URL ends in this hex digest. */
  find(digest: string): Promise<Endpoint | undefined>;
}

export interface EndpointsOptions {
  readonly readFile: (path: string) => Promise<Uint8Array>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Interval for rereading key files while webhooks arrive, so that a changed Secret takes effect soon. */
const FRESH_MS = 5_000;
const LINE_FEED = 0x0a;

/**
 * Reads the configuration and all keys.
 * @throws FluxError `webhooks/bad-config`, `webhooks/bad-key`. Later, an unreadable key closes only its endpoint.
 */
export async function loadEndpoints(configPath: string, { readFile, clock, log }: EndpointsOptions): Promise<Endpoints> {
  const { endpoints: configs, ignored } = parseWebhookConfig(await readConfig(), configPath);
  for (const field of ignored) log.warn({ field }, 'webhook configuration field has no effect');
  let endpoints = await Promise.all(configs.map(load));
  refuseTwins(endpoints, configPath);
  for (const { source, keyPath, key } of endpoints) {
    log.info({ source, keyPath, path: '/hook/<sha256 of the key file>' }, 'webhook endpoint ready');
    if (key.at(-1) === LINE_FEED) log.warn({ source, keyPath }, 'webhook key ends in a line feed, which is part of the key');
  }
  let readAt = clock.monotonic();
  let reading: Promise<void> | undefined;
  const closed = new Set<EndpointConfig>();

  async function readConfig(): Promise<string> {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(configPath));
    } catch (cause) {
      throw new FluxError(`cannot read webhook configuration ${configPath}: ${messageOf(cause)}`, {
        code: 'webhooks/bad-config',
        fault: 'user',
        help: 'Check --webhook-config, and that the file is mounted and readable.',
        cause,
      });
    }
  }

  async function load(config: EndpointConfig): Promise<Endpoint> {
    const path = resolve(dirname(configPath), config.keyPath);
    const key = await readFile(path).catch((cause: unknown) => {
      throw badKey(config, `cannot read it: ${messageOf(cause)}`, cause);
    });
    // Anyone could sign with an empty key.
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
            if (!closed.has(config)) log.warn({ source: config.source, err: error }, 'webhook endpoint closed');
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
      // Compares with all endpoints in constant time: for unsigned sources, the URL is the secret.
      return endpoints.filter(({ digest }) => isSame(digest, wanted))[0];
    },
  };
}

function refuseTwins(endpoints: readonly Endpoint[], configPath: string): void {
  for (const [index, { digest, keyPath }] of endpoints.entries()) {
    const twin = endpoints.slice(0, index).find((other) => isSame(other.digest, digest));
    if (!twin) continue;
    throw new FluxError(`invalid webhook configuration ${configPath}: ${twin.keyPath} and ${keyPath} hold the same key`, {
      code: 'webhooks/bad-config',
      fault: 'user',
      help: 'The key identifies the endpoint: use a different key for each.',
    });
  }
}

function badKey({ source, keyPath }: EndpointConfig, why: string, cause?: unknown): FluxError {
  return new FluxError(`invalid key ${keyPath} of the ${source} webhook: ${why}`, {
    code: 'webhooks/bad-key',
    fault: 'user',
    help: 'Create a key with: openssl rand -hex 20 | tr -d "\\n" > FILE; the path is relative to the --webhook-config file.',
    ...(cause === undefined ? {} : { cause }),
  });
}
