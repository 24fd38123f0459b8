import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { GoFluxd } from '../conformance/go-fluxd.ts';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const CART = 'shop:deployment/cart';
const key = { key: 'ssh-ed25519 AAAA flux\n', fingerprints: { md5: { hash: '00:11', randomart: '+--+\n' } } };
const result = { [CART]: { Status: 'success', PerContainer: [{ Container: 'cart', Current: 'cart:1', Target: 'cart:2' }] } };
const report = { id: 's', state: 'done', revision: REVISION, counts: { unchanged: 1 }, changes: [], errors: [], warnings: [] };
const held = { deletions: [{ id: 'a:configmap/b', uid: 'u-1', reason: 'many' }], orphans: [{ id: 'a:configmap/c', uid: 'u-2' }] };
const workload = {
  ID: CART,
  Containers: [{ Name: 'cart', Current: { ID: 'cart:2' } }],
  Status: 'ready',
  Rollout: { Desired: 1, Updated: 1, Ready: 1, Outdated: 0, Messages: null },
  Automated: false,
  Locked: false,
  Ignore: false,
};
const SCRIPT: Script = {
  'GET /flux/v11/version': ['9.9.8'],
  'POST /flux/v9/git-repo-config': [GoFluxd.gitConfig({ publicSSHKey: key })],
  'POST /flux/v9/update-manifests': ['job-1'],
  'GET /flux/v6/jobs': [{ Result: { revision: REVISION, result }, Err: '', StatusString: 'succeeded' }],
  'GET /flux/v6/sync': [[]],
  'GET /flux/v11/services': [[workload]],
  'POST /v1/syncs': [report],
  'GET /v1/gc': [held],
  'POST /v1/gc/approvals': [report],
  'POST /v1/gc/orphan-deletions': [report],
  'GET /v1/health': [
    { revision: REVISION, settled: true, counts: { failed: 1 }, objects: [{ id: CART, state: 'failed', message: 'no' }] },
  ],
};

const run = async (line: readonly string[], script: Script = SCRIPT) => {
  await using daemon = await ScriptedDaemon.start(script);
  return await fluxctl([...line, '--url', daemon.url]);
};

describe('-o', () => {
  const update = { revision: REVISION, result };
  test.each<[string, unknown]>([
    ['version', { fluxctl: '9.9.9' }],
    ['version --server', { fluxctl: '9.9.9', fluxd: '9.9.8' }],
    ['identity', key],
    ['sync', report],
    ['gc', held],
    ['gc orphans', held.orphans],
    [`release --workload=${CART} --update-all-images`, update],
    [`release --workload=${CART} --update-all-images --watch`, update],
    [`automate -w ${CART}`, update],
    [`lock -w ${CART}`, update],
    [`policy -w ${CART} --tag-all=*`, update],
  ])('of %s is the result alone, as JSON and as YAML', async (line, expected) => {
    const words = line.split(' ');
    const json = await run([...words, '-o', 'json']);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toEqual(expected);
    const yaml = await run([...words, '-o', 'yaml']);
    expect(load(yaml.stdout)).toEqual(expected);
    expect((await run([...words, '-o', 'xml'])).stderr).toMatch(/^Error: invalid output format specified\n/);
  });

  test('of a sync that is waited for tells a person what is not healthy', async () => {
    const { code, stdout, stderr } = await run(['sync', '--wait', '-o', 'json']);
    expect([code, JSON.parse(stdout)]).toEqual([1, report]);
    expect(stderr).toContain(`failed ${CART}: no\n`);
  });

  test.each(['gc delete a:configmap/c', 'gc approve 0123456789abcdef'])('of %s is what the sync did', async (line) => {
    const done = { ...SCRIPT, 'GET /v1/gc': [{ ...held, deletions: [] }] };
    const { code, stdout } = await run([...line.split(' '), '-o', 'json'], done);
    expect([code, JSON.parse(stdout)]).toEqual([0, report]);
  });

  test('of a sync by a Go fluxd is the revision', async () => {
    const { 'POST /v1/syncs': _, ...script } = SCRIPT;
    const { code, stdout } = await run(['sync', '-o', 'json'], script);
    expect([code, JSON.parse(stdout)]).toEqual([0, { revision: REVISION, state: 'done' }]);
  });

  test.each([
    ['gc', 'a:configmap/b\n'],
    ['gc orphans', 'a:configmap/c\n'],
  ])('name of %s', async (line, names) => {
    expect(await run([...line.split(' '), '-o', 'name'])).toMatchObject({ code: 0, stdout: names, stderr: '' });
  });

  test('table of the versions', async () => {
    expect((await run(['version', '--server'])).stdout).toBe('fluxctl 9.9.9\nfluxd   9.9.8\n');
  });
});
