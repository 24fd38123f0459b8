import type { Daemon } from '../../controller/index.ts';
import type { ImageScan, RegistryHost } from '../../image/index.ts';
import type { Route } from '../route.ts';
import type { ImageScansWire } from '../wire/index.ts';
import { pageOf } from './paging.ts';
import { V1_PREFIX } from './prefix.ts';
import { errorToWire } from './sync-report.ts';

/** `GET /api/v1/images/scans`: the last and next scan of each image repository, and errors, paginated; their hosts, and a cache that fails. */
export function imageScanRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/images/scans`,
      access: 'authorized',
      handle({ query }) {
        const failure = daemon.imageCacheFailure();
        const { entries, next } = pageOf(daemon.imageScans(), ({ name }) => name, query);
        const body: ImageScansWire = {
          repositories: entries.map(scanToWire),
          hosts: daemon.registryHosts().map(hostToWire),
          ...(failure
            ? { cacheFailure: { since: new Date(failure.since).toISOString(), error: errorToWire(failure.error) } }
            : {}),
          ...(daemon.scansImages ? {} : { disabled: true as const }),
          ...(next === undefined ? {} : { next }),
        };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

function scanToWire({
  name,
  tags,
  scannedAt,
  intervalMs,
  isScanning,
  nextAt,
  blockedUntil,
  error,
}: ImageScan): ImageScansWire['repositories'][number] {
  return {
    name,
    tags,
    ...(scannedAt === undefined ? {} : { scannedAt: new Date(scannedAt).toISOString() }),
    ...(intervalMs === undefined ? {} : { intervalMs }),
    scanning: isScanning,
    ...(nextAt === undefined ? {} : { nextAt: new Date(nextAt).toISOString() }),
    ...(blockedUntil === undefined ? {} : { rateLimitedUntil: new Date(blockedUntil).toISOString() }),
    ...(error === undefined ? {} : { error: errorToWire(error) }),
  };
}

function hostToWire({ blockedUntil, budgets, ...host }: RegistryHost): NonNullable<ImageScansWire['hosts']>[number] {
  return {
    ...host,
    ...(blockedUntil === undefined ? {} : { rateLimitedUntil: new Date(blockedUntil).toISOString() }),
    budgets: budgets.map(({ remaining, windowMs, resetAt, ...budget }) => ({
      ...budget,
      remaining: Math.floor(remaining),
      windowSeconds: Math.round(windowMs / 1000),
      ...(resetAt === undefined ? {} : { resetAt: new Date(resetAt).toISOString() }),
    })),
  };
}
