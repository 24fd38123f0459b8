import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GoFluxd } from '../conformance/go-fluxd.ts';
import { fluxctl, type Script, ScriptedDaemon, SERVED_AT } from './daemon.ts';

/** A pod of the daemon, as the API server lists it. */
export const pod = (
  given: { name?: string; phase?: string; ready?: boolean; restarts?: number; waiting?: string; killed?: string } = {},
) => ({
  metadata: { name: given.name ?? 'flux-1', namespace: 'flux' },
  spec: { serviceAccountName: 'flux', containers: [{ name: 'flux', image: 'localhost/fluxd:1' }] },
  status: {
    phase: given.phase ?? 'Running',
    conditions: [{ type: 'Ready', status: given.ready === false ? 'False' : 'True' }],
    containerStatuses: [
      {
        restartCount: given.restarts ?? 0,
        state: given.waiting ? { waiting: { reason: given.waiting } } : { running: {} },
        lastState: given.killed ? { terminated: { reason: given.killed, exitCode: 137 } } : {},
      },
    ],
  },
});

export const podList = (items: readonly object[]) => ({
  kind: 'PartialObjectMetadataList',
  metadata: { resourceVersion: '1' },
  items,
});

/** A kubeconfig whose one context, `prod`, is a server. */
export function kubeconfigFor(server: string): Disposable & { readonly path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'doctor-'));
  const path = join(directory, 'kubeconfig');
  const config = {
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'prod',
  };
  writeFileSync(path, JSON.stringify(config));
  return { path, [Symbol.dispose]: () => rmSync(directory, { recursive: true }) };
}

/** An API server that has what a table says, and answers 404 to all else. */
export async function apiServer(
  answers: Readonly<Record<string, unknown>>,
): Promise<AsyncDisposable & { readonly kubeconfig: string }> {
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').split('?')[0] ?? ''];
    const status = {
      kind: 'Status',
      status: 'Failure',
      reason: 'NotFound',
      message: 'not found',
      code: 404,
      details: { name: 'x' },
    };
    response.setHeader('date', SERVED_AT);
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    const isMetadata = request.headers.accept?.includes('PartialObjectMetadataList') && answer === NO_DEPLOYMENTS;
    response.end(JSON.stringify(isMetadata ? podList([]) : (answer ?? status)));
  });
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kubeconfig = kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    kubeconfig: kubeconfig.path,
    async [Symbol.asyncDispose]() {
      kubeconfig[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const NO_DEPLOYMENTS = { items: [] };
/** What an API server answers that has no trouble. */
export const CLUSTER = { '/version': { gitVersion: 'v1.34.4' }, '/apis/apps/v1/deployments': NO_DEPLOYMENTS };
/** What a daemon answers that has no trouble. */
export const READY: Script = {
  'GET /flux/v11/ping': [{ status: 204, body: '' }],
  'GET /flux/v11/version': ['9.9.1'],
  'GET /readyz': [{ status: 200, body: 'ok\n' }],
  'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({})],
  'GET /flux/v6/services': [null],
  'GET /flux/v10/images': [
    [{ ID: 'a:deployment/b', Containers: [{ Name: 'c', Current: { ID: 'i:1' }, Available: [{ ID: 'i:1' }] }] }],
  ],
  'GET /v1/images/scans': [{ repositories: [] }],
  'GET /v1/gc': [{ deletions: [] }],
  'GET /v1/writers': [
    {
      syncTag: { name: 'flux-sync', revision: '4be1f0c2', by: 'fluxd', setAt: '2026-11-26T09:04:44.000Z', afterRecords: true },
      jobNotes: { ref: 'refs/notes/flux', fluxd: 2, fluxV1: 0 },
    },
  ],
  'GET /v1/objects': [{ revision: '4be1f0c2', syncedAt: '2026-11-26T09:04:44.780Z', objects: [] }],
};

/** Runs fluxctl doctor with a daemon that answers by the script, else as a healthy one. */
export const doctor = async (
  script: Script,
  flags: readonly string[] = [],
  answers: Readonly<Record<string, unknown>> = CLUSTER,
) => {
  await using cluster = await apiServer(answers);
  await using daemon = await ScriptedDaemon.start({ ...READY, ...script });
  return await fluxctl(
    ['doctor', '--url', daemon.url, ...flags],
    { KUBECONFIG: cluster.kubeconfig },
    { startAt: Date.parse(SERVED_AT) },
  );
};
