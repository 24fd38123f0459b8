import type { Sent } from './daemon-fixture.ts';

const json = { 'content-type': 'application/json' };
const empty: Sent = { method: 'POST', headers: json, body: '{}' };
const orphanDeletion: Sent = { method: 'POST', headers: json, body: '{"orphans":[{"id":"a:b/c","uid":"u"}]}' };
const approval: Sent = { method: 'POST', headers: json, body: '{"hash":"0123456789abcdef"}' };
const update: Sent = { method: 'POST', body: '{"type":"sync","spec":{}}' };

/** Every route of `--listen`, how to call it, and what it answers over loopback and from the network. */
export const ROUTES: Readonly<Record<string, readonly [path: string, sent: Sent, loopback: number, network: number]>> = {
  'GET /healthz': ['/healthz', {}, 200, 200],
  'HEAD /healthz': ['/healthz', { method: 'HEAD' }, 200, 200],
  'GET /readyz': ['/readyz', {}, 200, 200],
  'HEAD /readyz': ['/readyz', { method: 'HEAD' }, 200, 200],
  'GET /metrics': ['/metrics', {}, 200, 200],
  'HEAD /metrics': ['/metrics', { method: 'HEAD' }, 200, 200],
  'GET /api/flux/v6/identity.pub': ['/api/flux/v6/identity.pub', {}, 200, 200],
  'POST /api/flux/v6/identity.pub': ['/api/flux/v6/identity.pub', { method: 'POST' }, 204, 403],
  'GET /api/flux/v11/ping': ['/api/flux/v11/ping', {}, 204, 403],
  'GET /api/flux/v11/version': ['/api/flux/v11/version', {}, 200, 403],
  'POST /api/flux/v11/notify': ['/api/flux/v11/notify', { method: 'POST', body: '{"Kind":"git"}' }, 202, 403],
  'GET /api/flux/v6/services': ['/api/flux/v6/services', {}, 200, 403],
  'GET /api/flux/v11/services': ['/api/flux/v11/services', {}, 200, 403],
  'GET /api/flux/v6/images': ['/api/flux/v6/images', {}, 200, 403],
  'GET /api/flux/v10/images': ['/api/flux/v10/images', {}, 200, 403],
  'POST /api/flux/v9/update-manifests': ['/api/flux/v9/update-manifests', update, 200, 403],
  'GET /api/flux/v6/jobs': ['/api/flux/v6/jobs?id=x', {}, 404, 403],
  'GET /api/flux/v6/sync': ['/api/flux/v6/sync?ref=x', {}, 200, 403],
  'GET /api/flux/v6/export': ['/api/flux/v6/export', {}, 200, 403],
  'HEAD /api/flux/v6/export': ['/api/flux/v6/export', { method: 'HEAD' }, 200, 403],
  'POST /api/flux/v9/git-repo-config': ['/api/flux/v9/git-repo-config', { method: 'POST', body: 'false' }, 200, 403],
  'POST /api/flux/v6/update-images': [
    '/api/flux/v6/update-images?service=%3Call%3E&image=a:1&kind=plan',
    { method: 'POST' },
    200,
    403,
  ],
  'PATCH /api/flux/v6/policies': ['/api/flux/v6/policies', { method: 'PATCH', body: '{}' }, 200, 403],
  'POST /api/v1/syncs': ['/api/v1/syncs', empty, 202, 403],
  'GET /api/v1/syncs/{id}': ['/api/v1/syncs/x', {}, 200, 403],
  'HEAD /api/v1/syncs/{id}': ['/api/v1/syncs/x', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/health': ['/api/v1/health', {}, 200, 403],
  'HEAD /api/v1/health': ['/api/v1/health', { method: 'HEAD' }, 200, 403],
  'POST /api/v1/diffs': ['/api/v1/diffs', empty, 200, 403],
  'GET /api/v1/objects': ['/api/v1/objects', {}, 200, 403],
  'HEAD /api/v1/objects': ['/api/v1/objects', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/history': ['/api/v1/history', {}, 200, 403],
  'HEAD /api/v1/history': ['/api/v1/history', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/sources': ['/api/v1/sources', {}, 200, 403],
  'HEAD /api/v1/sources': ['/api/v1/sources', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/writers': ['/api/v1/writers', {}, 200, 403],
  'HEAD /api/v1/writers': ['/api/v1/writers', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/images/scans': ['/api/v1/images/scans', {}, 200, 403],
  'HEAD /api/v1/images/scans': ['/api/v1/images/scans', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/events': ['/api/v1/events', {}, 200, 403],
  'HEAD /api/v1/events': ['/api/v1/events', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/openapi.json': ['/api/v1/openapi.json', {}, 200, 403],
  'HEAD /api/v1/openapi.json': ['/api/v1/openapi.json', { method: 'HEAD' }, 200, 403],
  'GET /api/v1/gc': ['/api/v1/gc', {}, 200, 403],
  'HEAD /api/v1/gc': ['/api/v1/gc', { method: 'HEAD' }, 200, 403],
  'POST /api/v1/gc/orphan-deletions': ['/api/v1/gc/orphan-deletions', orphanDeletion, 202, 403],
  'POST /api/v1/gc/approvals': ['/api/v1/gc/approvals', approval, 202, 403],
};
