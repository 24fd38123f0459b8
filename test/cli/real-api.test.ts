import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { GitConfig, SyncReport, WorkloadStatus } from '../../src/controller/index.ts';
import { run } from './own-api.ts';

const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const CART = 'shop:deployment/cart';

const workload: WorkloadStatus = {
  id: CART,
  containers: [{ name: 'cart', image: 'reg.example.org/acme/cart:1.3' }],
  readOnly: '',
  status: 'ready',
  rollout: { desired: 1, updated: 1, ready: 1, available: 1, outdated: 0, messages: [] },
  syncError: '',
  antecedent: '',
  labels: {},
  automated: true,
  locked: false,
  ignore: false,
  policies: { automated: 'true' },
};
const git: GitConfig = {
  url: 'https://example.org/conf',
  branch: 'main',
  paths: [],
  state: { status: 'ready' },
  publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g flux\n',
};
const report: SyncReport = {
  id: 's-1',
  state: 'done',
  revision: REVISION,
  counts: { unchanged: 2, failed: 1 },
  changes: [
    {
      id: CART,
      inGit: true,
      outcome: 'failed',
      place: { file: 'cart.yaml', document: 1, line: 1 },
      error: new FluxError('admission webhook denied it', { code: 'cluster/denied' }),
    },
  ],
  errors: [],
  warnings: [],
};

describe('fluxctl with the daemon’s own API', () => {
  test('lists workloads', async () => {
    const { stdout } = await run({ listWorkloads: async () => [workload] }, 'list-workloads', '-a');
    expect(stdout).toBe(
      [
        'WORKLOAD              CONTAINER  IMAGE                          RELEASE  POLICY',
        'shop:deployment/cart  cart       reg.example.org/acme/cart:1.3  ready    automated',
        '',
      ].join('\n'),
    );
  });

  test('lists images', async () => {
    const info = (tag: string, createdAt: number) => ({ tag, createdAt, labels: {}, fetchedAt: 0 });
    const image = (tag: string, createdAt: number) => ({ ref: `acme/cart:${tag}`, info: info(tag, createdAt) });
    const newer = image('1.4', Date.UTC(2024, 3, 1, 10));
    const current = image('1.3', Date.UTC(2024, 1, 10, 10));
    const container = {
      name: 'cart',
      current,
      latestFiltered: newer,
      available: [newer, current],
      availableError: '',
      availableCount: 2,
      newAvailableCount: 1,
      filteredCount: 2,
      newFilteredCount: 1,
    };
    const { stdout } = await run({ listImages: async () => [{ id: CART, containers: [container] }] }, 'list-images', '-w', CART);
    expect(stdout).toBe(
      [
        'WORKLOAD              CONTAINER  IMAGE      CREATED',
        'shop:deployment/cart  cart       acme/cart  ',
        '                                 |   1.4    01 Apr 24 10:00 UTC',
        "                                 '-> 1.3    10 Feb 24 10:00 UTC",
        '',
      ].join('\n'),
    );
  });

  test('releases', async () => {
    const PerContainer = [{ Container: 'cart', Current: 'acme/cart:1.3', Target: 'acme/cart:1.4' }];
    const { code, lines, calls } = await run(
      {
        job: async () => ({
          state: 'succeeded',
          error: '',
          revision: REVISION,
          result: { [CART]: { Status: 'success', PerContainer } },
        }),
        syncStatus: async () => [],
      },
      ...['release', `--workload=${CART}`, '--update-image=acme/cart:1.4', '--user=Ann <ann@example.org>'],
    );
    expect(code).toBe(0);
    expect(lines).toBe(
      [
        '2 Submitting release ...',
        '1 WORKLOAD              STATUS   UPDATES',
        '1 shop:deployment/cart  success  cart: acme/cart:1.3 -> 1.4',
        '2 Commit pushed:\t4be1f0c',
        '2 Commit applied:\t4be1f0c',
        '',
      ].join('\n'),
    );
    expect(calls).toEqual([
      {
        name: 'update',
        argument: {
          type: 'image',
          cause: { Message: '', User: 'Ann <ann@example.org>' },
          spec: { ServiceSpecs: [CART], ImageSpec: 'acme/cart:1.4', Kind: 'execute', Excludes: null, Force: false },
        },
      },
    ]);
  });

  test('shows the help of a refusal', async () => {
    const update = async () => {
      throw new FluxError('no such image', { code: 'update/image-missing', fault: 'user', help: 'Push it first.' });
    };
    expect(await run({ update }, 'release', '--all', '-i', 'a:1', '--dry-run')).toMatchObject({
      code: 1,
      stderr: 'Submitting dry-run release ...\n== Error ==\n\nno such image\n\nPush it first.\n\n',
    });
  });

  test('locks', async () => {
    const { calls } = await run(
      { job: async () => ({ state: 'succeeded', error: '', result: { [CART]: { Status: 'skipped', PerContainer: null } } }) },
      ...['lock', '-w', CART, '--user', 'Ann'],
    );
    expect(calls[0]?.argument).toMatchObject({
      spec: { [CART]: { add: { locked: 'true', locked_user: 'Ann', locked_msg: '' }, remove: {} } },
    });
  });

  test('syncs, and exits 1 with the errors object by object', async () => {
    const { code, lines } = await run({ gitConfig: async () => git, sync: () => report }, 'sync');
    expect(code).toBe(1);
    expect(lines).toBe(
      [
        '2 Synchronizing with https://example.org/conf',
        '2 Revision of main to apply is 4be1f0c',
        '2 Waiting for 4be1f0c to be applied ...',
        '2 Done.',
        '1 failed shop:deployment/cart (cart.yaml:1 document 1): admission webhook denied it',
        '1 2 unchanged, 1 failed',
        '2 Error: 1 object failed',
        '',
      ].join('\n'),
    );
  });

  test('shows the public key', async () => {
    expect((await run({ gitConfig: async () => git }, 'identity')).stdout).toBe(git.publicKey);
    expect((await run({ gitConfig: async () => git }, 'identity', '-v')).stdout).toMatch(
      /^([0-9a-f]{2}:){15}[0-9a-f]{2}\n(.*\n){11}$/,
    );
  });
});
