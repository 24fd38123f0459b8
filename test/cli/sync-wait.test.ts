import { describe, expect, test } from 'vitest';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const HEALTH = 'GET /v1/health';
const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const NEWER = '77aa0d1f00000000000000000000000000000000';
const remote = { url: 'ssh://git@example.org/acme/conf', branch: 'master', path: '' };
const CONFIG = { remote, publicSSHKey: { key: '', fingerprints: null }, status: 'ready', errors: '' };

const report = (given: object = {}) => ({
  id: 's-1',
  state: 'done',
  revision: REVISION,
  counts: { created: 3 },
  changes: [],
  errors: [],
  warnings: [],
  ...given,
});
const health = (given: object = {}) => ({ revision: REVISION, settled: true, counts: { current: 3 }, objects: [], ...given });
const web = (state: string, message: string) => ({ id: 'shop:deployment/web', state, message });
const api = (state: string, message: string) => ({ id: 'shop:deployment/api', state, message });

async function sync(script: Script, ...flags: string[]) {
  await using daemon = await ScriptedDaemon.start({
    'POST /flux/v9/git-repo-config': [CONFIG],
    'POST /v1/syncs': [report()],
    ...script,
  });
  const ran = await fluxctl(['sync', '--url', daemon.url, '--wait', ...flags]);
  const asked = daemon.requests.map(({ path }) => path).filter((path) => path.startsWith('/v1/health'));
  const lines = ran.lines
    .slice(ran.lines.indexOf('2 Done.\n') + 8)
    .split('\n')
    .slice(0, -1);
  return { ...ran, asked, after: lines, requests: daemon.requests };
}

describe('sync --wait', () => {
  test('exits 0 when all is healthy already', async () => {
    const { code, after, asked } = await sync({ [HEALTH]: [health()] });
    expect(code).toBe(0);
    expect(after).toEqual(['1 3 created', '2 3 of 3 objects healthy.']);
    expect(asked).toEqual(['/v1/health?wait=1']);
  });

  test('says what it waits for, and what is news of it', async () => {
    const waiting = (...objects: object[]) =>
      health({ settled: false, counts: { current: 3 - objects.length, inProgress: objects.length }, objects });
    const { code, after, asked } = await sync({
      [HEALTH]: [
        waiting(web('inProgress', '0 of 1 replicas available'), api('inProgress', '0 of 2 replicas updated')),
        waiting(web('inProgress', '0 of 1 replicas available'), api('inProgress', '1 of 2 replicas updated')),
        waiting(web('inProgress', '0 of 1 replicas available')),
        health(),
      ],
    });
    expect(code).toBe(0);
    expect(after).toEqual([
      '1 3 created',
      '2 Waiting for 2 objects to become healthy ...',
      '2   in progress shop:deployment/web: 0 of 1 replicas available',
      '2   in progress shop:deployment/api: 0 of 2 replicas updated',
      '2   in progress shop:deployment/api: 1 of 2 replicas updated',
      '2 3 of 3 objects healthy.',
    ]);
    expect(asked).toEqual(['/v1/health?wait=1', ...Array(3).fill('/v1/health?wait=5')]);
  });

  test('exits 1 and names what failed', async () => {
    const late = web('failed', 'progress deadline exceeded: ReplicaSet "web-1" has timed out\u001b[2J progressing.');
    const { code, after } = await sync({ [HEALTH]: [health({ counts: { current: 2, failed: 1 }, objects: [late] })] });
    expect(code).toBe(1);
    expect(after).toEqual([
      '1 3 created',
      '1 failed shop:deployment/web: progress deadline exceeded: ReplicaSet "web-1" has timed out progressing.',
      '2 Run `fluxctl why shop:deployment/web` to see why.',
      '2 Error: 1 of 3 objects not healthy: 1 failed',
    ]);
  });

  test('exits 1 and names what is not healthy in time', async () => {
    const slow = health({ settled: false, counts: { current: 2, inProgress: 1 }, objects: [web('inProgress', 'not available')] });
    const { code, after, asked } = await sync({ [HEALTH]: [slow] }, '--timeout=300ms');
    expect(code).toBe(1);
    expect(after).toEqual([
      '1 3 created',
      '2 Waiting for 1 object to become healthy ...',
      '2   in progress shop:deployment/web: not available',
      '1 in progress shop:deployment/web: not available',
      '2 Run `fluxctl why shop:deployment/web` to see why.',
      '2 Error: timeout: 1 of 3 objects not healthy: 1 in progress',
    ]);
    expect(asked).toEqual(['/v1/health?wait=1', '/v1/health?wait=1', '/v1/health?wait=1', '/v1/health?wait=0']);
  });

  test('what nobody may look at is not healthy either', async () => {
    const secret = web('unknown', 'deployments.apps is forbidden');
    const { code, stderr } = await sync({ [HEALTH]: [health({ counts: { current: 2, unknown: 1 }, objects: [secret] })] });
    expect(code).toBe(1);
    expect(stderr).toContain('Error: 1 of 3 objects not healthy: 1 unknown\n');
  });

  test('names everybody it waits for, up to a number', async () => {
    const objects = Array.from({ length: 23 }, (_, n) => ({
      id: `shop:deployment/web-${n}`,
      state: 'inProgress',
      message: 'not ready',
    }));
    const { after } = await sync({ [HEALTH]: [health({ settled: false, counts: { inProgress: 23 }, objects }), health()] });
    expect(after.filter((line) => line.includes('in progress'))).toHaveLength(20);
    expect(after).toContain('2   and 3 more');
  });

  test('waits for a newer revision that was applied meanwhile', async () => {
    const { code, after } = await sync({ [HEALTH]: [health({ revision: NEWER })] });
    expect(code).toBe(0);
    expect(after).toEqual(['1 3 created', '2 Revision 77aa0d1 is applied by now', '2 3 of 3 objects healthy.']);
  });

  test('does not wait for anything when an object could not be applied', async () => {
    const changes = [{ id: 'a:deployment/b', outcome: 'failed', error: { code: 'x', message: 'no' } }];
    const failed = { 'POST /v1/syncs': [report({ counts: { failed: 1 }, changes })], [HEALTH]: [health()] };
    const plain = await sync(failed);
    expect([plain.code, plain.asked]).toEqual([1, []]);
    const ignoring = await sync(failed, '--ignore-apply-errors');
    expect([ignoring.code, ignoring.asked]).toEqual([0, ['/v1/health?wait=1']]);
  });

  test('a Go fluxd cannot tell: that is said before anything is done', async () => {
    const { code, stderr, requests } = await sync({ 'POST /v1/syncs': [{ status: 404, body: '404 page not found\n' }] });
    expect(code).toBe(1);
    expect(stderr).toContain('Error: this daemon does not report health, so --wait is not available\n');
    expect(requests.map(({ path }) => path)).toEqual(['/flux/v9/git-repo-config', '/v1/syncs']);
  });

  test('neither can a daemon without that route', async () => {
    const { code, stderr } = await sync({});
    expect(code).toBe(1);
    expect(stderr).toContain('Error: this daemon does not report health');
  });
});
