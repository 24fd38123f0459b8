import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { Daemon, HeldDeletions, SyncReport } from '../../src/controller/index.ts';
import { fluxctl, ScriptedDaemon } from './daemon.ts';
import { run } from './own-api.ts';

const HASH = '0123456789abcdef';
const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const held: HeldDeletions = {
  hash: HASH,
  deletions: [
    { id: '<cluster>:namespace/shop', uid: 'u-1', reason: '2 deletions held: among them is <cluster>:namespace/shop' },
    { id: 'shop:configmap/old', uid: 'u-2', reason: '2 deletions held: among them is <cluster>:namespace/shop' },
    { id: 'shop:configmap/a\u001b[2J', reason: 'the API server returns no uid for it' },
  ],
};
const report: SyncReport = {
  id: 's-1',
  state: 'done',
  revision: REVISION,
  counts: { unchanged: 2, deleted: 1 },
  changes: [{ id: '<cluster>:namespace/shop', inGit: false, outcome: 'deleted', reason: 'no longer in Git' }],
  errors: [],
  warnings: [],
};

describe('fluxctl gc', () => {
  test('lists what is held and why, and how to approve it', async () => {
    const { code, lines } = await run({ heldDeletions: () => held }, 'gc');
    expect(code).toBe(0);
    expect(lines).toBe(
      [
        '1 2 deletions held: among them is <cluster>:namespace/shop',
        '1   <cluster>:namespace/shop  u-1',
        '1   shop:configmap/old        u-2',
        '1 the API server returns no uid for it',
        '1   shop:configmap/a  ',
        `2 To delete them, run: fluxctl gc approve ${HASH}`,
        '',
      ].join('\n'),
    );
  });

  test('as JSON it is what the daemon said', async () => {
    const { stdout, stderr } = await run({ heldDeletions: () => held }, 'gc', '-o', 'json');
    expect(JSON.parse(stdout)).toEqual(held);
    expect(stderr).toBe('');
  });

  test('says what is approved and not done yet', async () => {
    const approved = { hash: HASH, deletions: [{ id: '<cluster>:namespace/shop', uid: 'u-1' }] };
    const { stdout } = await run({ heldDeletions: () => ({ deletions: held.deletions, approved }) }, 'gc');
    expect(stdout).toMatch(/\napproved 0123456789abcdef: 1 not deleted yet\n$/);
  });

  test('orphans names what is of another Flux, or was ours under another URL, and what can be done (R-022)', async () => {
    const orphans = [{ id: 'shop:configmap/a\u001b[2J', uid: 'u-1' }, { id: 'shop:configmap/b' }];
    const { code, lines } = await run({ heldDeletions: () => ({ deletions: held.deletions, orphans }) }, 'gc', 'orphans');
    expect(code).toBe(0);
    expect(lines.split('\n')).toEqual([
      '1 shop:configmap/a',
      '1 shop:configmap/b',
      '2 fluxd leaves orphans alone. To keep one, add it to Git. To delete one that no other Flux manages, run: fluxctl gc delete <object>',
      '',
    ]);
    expect(await run({}, 'gc', 'orphans')).toMatchObject({ code: 0, stdout: 'no orphans\n', stderr: '' });
    const one = await run({ heldDeletions: () => ({ deletions: [], orphans: [{ id: 'a:b/c' }] }) }, 'gc');
    expect(one.stdout).toBe('no deletions are held\n');
  });

  test('says so when nothing is held', async () => {
    expect(await run({}, 'gc')).toMatchObject({ code: 0, stdout: 'no deletions are held\n', stderr: '' });
  });

  test.each([[['gc', 'aprove']], [['gc', 'approve']], [['gc', 'approve', 'a', 'b']], [['gc', '-o', 'xml']]])(
    '%j is refused and asks the daemon nothing',
    async (line) => {
      const { code, stderr, calls } = await run({}, ...line);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: [\s\S]*\nRun 'fluxctl gc( approve)? --help' for usage\.\n(?:\n.+\n)?$/);
      expect(calls).toEqual([]);
    },
  );

  test('a Go fluxd does not know it', async () => {
    await using daemon = await ScriptedDaemon.start({});
    const { code, stderr } = await fluxctl(['gc', '--url', daemon.url]);
    expect([code, stderr]).toEqual([1, "Error: this daemon does not hold deletions\nRun 'fluxctl gc --help' for usage.\n"]);
  });
});

describe('fluxctl gc approve', () => {
  const deleting: Partial<Daemon> = { sync: () => report };

  test('approves, waits for the sync and prints what it did', async () => {
    const { code, lines, calls } = await run(deleting, 'gc', 'approve', HASH);
    expect(code).toBe(0);
    expect(lines).toBe(
      [
        '2 Revision of master to apply is 4be1f0c',
        '2 Waiting for 4be1f0c to be applied ...',
        '2 Done.',
        '1 deleted <cluster>:namespace/shop: no longer in Git',
        '1 1 deleted, 2 unchanged',
        '',
      ].join('\n'),
    );
    expect(calls).toContainEqual({ name: 'approveDeletions', argument: HASH });
  });

  test('approves the lists of several sources at once', async () => {
    const hash = `${HASH}.fedcba9876543210`;
    const { code, calls } = await run(deleting, 'gc', 'approve', hash);
    expect(code).toBe(0);
    expect(calls).toContainEqual({ name: 'approveDeletions', argument: hash });
  });

  test('exits 1 when deletions are still held afterwards', async () => {
    const { code, stderr } = await run({ ...deleting, heldDeletions: () => held }, 'gc', 'approve', HASH);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Done\.\nError: 3 deletions not done\n$/);
  });

  test('exits 1 with the reason when the list is another by now', async () => {
    const approveDeletions = () => {
      throw new FluxError(`the list of held deletions is not ${HASH}: it is fedcba9876543210 now`, {
        code: 'gc/changed',
        fault: 'user',
        help: 'Look at what is held now with `fluxctl gc`, and approve that.',
      });
    };
    const { code, stdout, stderr } = await run({ approveDeletions }, 'gc', 'approve', HASH);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('it is fedcba9876543210 now');
  });

  test('exits 1 when the sync could not be carried out', async () => {
    const failure = new FluxError('git repository is unreachable', { code: 'git/unreachable' });
    const { code, stderr } = await run({ sync: () => ({ ...report, failure }) }, 'gc', 'approve', HASH);
    expect(code).toBe(1);
    expect(stderr).toMatch(/Error: git repository is unreachable\nRun 'fluxctl gc approve --help' for usage\.\n$/);
  });

  test('its help names the hash', async () => {
    const { code, stdout } = await fluxctl(['gc', 'approve', '--help']);
    expect(code).toBe(0);
    expect(stdout).toContain('\nUsage:\n  fluxctl gc approve [flags] <hash>\n');
  });
});

describe('fluxctl gc delete', () => {
  const orphans = [{ id: 'shop:configmap/a', uid: 'u-a' }, { id: 'shop:configmap/b', uid: 'u-b' }, { id: 'shop:configmap/odd' }];
  const deleting: Partial<Daemon> = { sync: () => report, heldDeletions: () => ({ deletions: [], orphans }) };

  test('names orphans with the uids they have now, waits for the sync and prints what it did (R-022)', async () => {
    const { code, stdout, calls } = await run(
      deleting,
      'gc',
      'delete',
      'shop:configmap/b',
      'shop:configmap/a',
      'shop:configmap/b',
    );
    expect([code, stdout]).toEqual([0, 'deleted <cluster>:namespace/shop: no longer in Git\n1 deleted, 2 unchanged\n']);
    expect(calls).toContainEqual({
      name: 'deleteOrphans',
      argument: [
        { id: 'shop:configmap/b', uid: 'u-b' },
        { id: 'shop:configmap/a', uid: 'u-a' },
      ],
    });
  });

  test.each(['shop:configmap/c', 'shop:configmap/odd', 'u-a', ''])(
    'refuses %j, which is no such orphan, and deletes none',
    async (name) => {
      const { code, stderr, calls } = await run(deleting, 'gc', 'delete', 'shop:configmap/a', name);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Error: .* is not an orphan that can be deleted\n/);
      expect(calls.map((call) => call.name)).not.toContain('deleteOrphans');
    },
  );

  test('without a name is refused', async () => {
    const { code, stderr } = await run(deleting, 'gc', 'delete');
    expect([code, stderr]).toEqual([
      1,
      "Error: expected at least one argument: an object listed by `fluxctl gc orphans`\nRun 'fluxctl gc delete --help' for usage.\n",
    ]);
  });

  test('exits 1 while one of those named is held, whatever else is', async () => {
    let asked = 0;
    const heldAfter = (id: string) => () => {
      asked += 1;
      return { deletions: asked % 2 === 1 ? [] : [{ id, uid: 'u-a', reason: 'doubt' }], orphans };
    };
    const named = await run({ ...deleting, heldDeletions: heldAfter('shop:configmap/a') }, 'gc', 'delete', 'shop:configmap/a');
    expect(named.code).toBe(1);
    expect(named.stderr).toMatch(/Done\.\nError: 1 deletion not done\n$/);
    const other = await run({ ...deleting, heldDeletions: heldAfter('shop:configmap/x') }, 'gc', 'delete', 'shop:configmap/a');
    expect(other.code).toBe(0);
  });

  test('a Go fluxd does not know it', async () => {
    await using daemon = await ScriptedDaemon.start({});
    const { code, stderr } = await fluxctl(['gc', 'delete', 'a:b/c', '--url', daemon.url]);
    expect([code, stderr]).toEqual([
      1,
      "Error: this daemon does not hold deletions\nRun 'fluxctl gc delete --help' for usage.\n",
    ]);
  });
});
