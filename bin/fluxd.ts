#!/usr/bin/env -S node --disallow-code-generation-from-strings --disable-proto=delete --disable-sigusr1 --max-semi-space-size=4 --v8-pool-size=1 --expose-gc
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import packageJson from '../package.json' with { type: 'json' };
import {
  type ApiServerOptions,
  createApiServer,
  createMetricsServer,
  createOidc,
  createWebhookServer,
  type Endpoints,
  type HttpListener,
  loadEndpoints,
  type Oidc,
  readAssets,
} from '../src/api/index.ts';
import {
  createHttpTransport,
  createLogger,
  createMetrics,
  type Logger,
  leaveMemoryOutOfCoreDumps,
  type Metrics,
  messageOf,
  systemClock,
} from '../src/base/index.ts';
import { type Config, type ListenAddress, type OidcConfig, parseFlags } from '../src/config/index.ts';
import { type Daemon, type RunningFlux, startFlux } from '../src/controller/index.ts';
import { readSecretFile } from '../src/git/index.ts';

const { version } = packageJson;
/** A shutdown that takes longer is cut off; interrupted work is safe to repeat. */
const SHUTDOWN_MS = 20_000;
/** The web page, which the build leaves beside the bundle. */
const UI_DIRECTORY = fileURLToPath(new URL('./ui', import.meta.url));
/** A file system in memory on Linux, in every container too. */
const MEMORY_DIRECTORY = '/dev/shm';
/** Minimum amount of garbage to collect while idle, in bytes: V8 drops compiled code in a collection, so less is not worth it. */
const WORTHWHILE_BYTES = 16 * 2 ** 20;
/** Heap in use at the start, and after the last such collection, in bytes. */
let inUse = getHeapStatistics().used_heap_size;
let collectedAt = 0;
/** After this time a collection may free what was in use at the last one. */
const COLLECT_MS = 3_600_000;

/**
 * By default V8 lets the heap grow to several times the live data; here garbage is collected when the heap has grown by half.
 * V8's two optimising compilers start after 400 and 3,000 calls. Here they start later, since a first sync of 1,000 objects in a fresh
 * process spent a quarter of its CPU time on compiling code that it hardly ran any more. Recurring work reaches any threshold.
 * Of the flags in the first line, one keeps garbage out of the old generation, one exposes the collector, so that garbage of syncs can
 * be collected while idle, and one limits V8 to one of its four threads: on the core or half a core of a container they would compete
 * with the API. Without these flags the daemon works too, with more memory and slower responses. (The others forbid code from strings
 * and `__proto__`, S-028, and a debugger opened by a signal.) The flags below are set here, because a Node without one of them would
 * refuse to start.
 */
for (const flag of ['heap-growing-percent=50', 'invocation-count-for-maglev=1500', 'invocation-count-for-turbofan=12000'])
  setFlagsFromString(`--${flag}`);

const parsed = parseFlags(process.argv.slice(2), {
  version,
  environment: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
});
if ('exit' in parsed) {
  process.stdout.write(parsed.stdout);
  process.stderr.write(parsed.stderr);
  process.exitCode = parsed.exit;
} else {
  const log = await createLogger({ format: parsed.config.logFormat, destination: process.stderr, limit: systemClock });
  for (const { flag, message } of parsed.warnings) log.warn({ flag }, message);
  log.info({ version }, 'fluxd starting');
  protectMemory(log);
  await run(parsed.config, log).catch((error: unknown) => {
    log.flush();
    log.fatal({ err: error }, 'fluxd failed');
    process.exit(1);
  });
}

/** Before there is anything secret. Without it fluxd works as well, so it starts. */
function protectMemory(log: Logger): void {
  try {
    leaveMemoryOutOfCoreDumps();
  } catch (err) {
    log.warn({ err }, 'a core dump would show what fluxd decrypts');
  }
}

/**
 * Shrinks the heap to the live data if much of it is garbage. With 20,000 objects this blocks the process for a tenth of a second.
 */
function releaseMemory(): void {
  const isOverdue = systemClock.monotonic() - collectedAt > COLLECT_MS;
  if (!isOverdue && getHeapStatistics().used_heap_size < inUse + WORTHWHILE_BYTES) return;
  globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  inUse = getHeapStatistics().used_heap_size;
  collectedAt = systemClock.monotonic();
}

async function run(config: Config, log: Logger): Promise<void> {
  const metrics = await createMetrics({ version });
  // Beside the start, which takes longer.
  const page = pageOf(config.ui, log.child({ component: 'api' }));
  const endpoints = config.webhooks && (await readEndpoints(config.webhooks.configFile, log));
  const flux = await startFlux({
    config,
    version,
    environment: process.env,
    temporaryDirectory: tmpdir(),
    memoryDirectory: MEMORY_DIRECTORY,
    pid: process.pid,
    host: hostname(),
    isAlive,
    metrics,
    heapBytes: getHeapStatistics().heap_size_limit,
    onRest: releaseMemory,
    clock: systemClock,
    log,
  });
  const listeners = await listen(config, flux, metrics, await page, log);
  if (config.webhooks && endpoints)
    listeners.push(await listenForWebhooks(config.webhooks.listen, { endpoints, daemon: flux.daemon, metrics, log }));
  const reason = await Promise.race([signalled(), flux.ended.then(() => 'the loop has ended')]);
  log.info({ reason }, 'fluxd stopping');
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await Promise.allSettled([...listeners.map((listener) => listener.close()), flux.stop()]);
  log.flush();
}

async function listen(
  config: Config,
  { daemon, reviewAccess, live }: RunningFlux,
  { render, request }: Pick<Metrics, 'render' | 'request'>,
  ui: ApiServerOptions['ui'],
  log: Logger,
): Promise<HttpListener[]> {
  const child = log.child({ component: 'api' });
  const api = createApiServer({
    daemon,
    log: child,
    auditLog: log.child({ component: 'audit' }),
    onAnswer: request,
    ...(config.listenMetrics ? {} : { metrics: render }),
    ...(config.tls
      ? { tls: { ...config.tls, review: reviewAccess, live, ...(config.uiOidc ? { oidc: oidcOf(config.uiOidc) } : {}) } }
      : {}),
    ...(ui ? { ui } : {}),
  });
  const { address, port } = await api.listen(config.listen);
  child.info({ address, port }, 'api listening');
  if (!config.listenMetrics) return [api];
  const metricsServer = createMetricsServer({ metrics: render, log: child });
  const at = await metricsServer.listen(config.listenMetrics);
  child.info(at, 'metrics listening');
  return [api, metricsServer];
}

function oidcOf({ issuer, clientId, clientSecretFile: file, usernamePrefix, groupsPrefix }: OidcConfig): Oidc {
  return createOidc({
    issuer,
    client: {
      id: clientId,
      ...(file === undefined ? {} : { secret: () => readSecretFile('--ui-oidc-client-secret-file', file) }),
    },
    prefixes: { username: usernamePrefix, groups: groupsPrefix },
    http: createHttpTransport({ maxSockets: 4, proxyEnvironment: process.env }),
    clock: systemClock,
  });
}

/** Without its files there is no page; nothing else is concerned. */
async function pageOf(may: Config['ui'], log: Logger): Promise<ApiServerOptions['ui']> {
  if (may === 'off') return undefined;
  try {
    return { assets: await readAssets(UI_DIRECTORY), may };
  } catch (err) {
    log.warn({ err }, 'no web page');
    return undefined;
  }
}

/** Read before anything starts, so that a mistake in it has no effect. */
function readEndpoints(configFile: string, log: Logger): Promise<Endpoints> {
  const child = log.child({ component: 'webhooks' });
  return loadEndpoints(configFile, { readFile: (path) => readFile(path), clock: systemClock, log: child });
}

async function listenForWebhooks(
  address: ListenAddress,
  options: { readonly endpoints: Endpoints; readonly daemon: Daemon; readonly metrics: Metrics; readonly log: Logger },
): Promise<HttpListener> {
  const log = options.log.child({ component: 'webhooks' });
  const http = createHttpTransport({ maxSockets: 1, proxyEnvironment: process.env });
  const server = createWebhookServer({ ...options, http, log });
  log.info(await server.listen(address), 'webhooks listening');
  return server;
}

function signalled(): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal));
    // A restart is better than a stuck process: everything is rebuilt from Git and the cluster.
    process.once('unhandledRejection', (error) =>
      reject(new Error(`unhandled rejection: ${messageOf(error)}`, { cause: error })),
    );
  });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
