import { describe, expect, test } from 'vitest';
import { fluxctl, type Script, ScriptedDaemon } from './daemon.ts';

const UPDATE = 'POST /flux/v9/update-manifests';
const JOBS = 'GET /flux/v6/jobs';
const SYNC = 'GET /flux/v6/sync';
const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';
const CART = 'shop:deployment/cart';
const MAIL = 'shop:deployment/mail';

const succeeded = (Result: object) => ({ Result, Err: '', StatusString: 'succeeded' });
const failed = (Err: string) => ({ Result: {}, Err, StatusString: 'failed' });
const released = {
  [CART]: {
    Status: 'success',
    PerContainer: [{ Container: 'cart', Current: 'reg.example.org/acme/cart:1.3', Target: 'reg.example.org/acme/cart:1.4' }],
  },
  [MAIL]: { Status: 'ignored', Error: 'not included', PerContainer: null },
  'shop:deployment/frozen': { Status: 'skipped', Error: 'locked', PerContainer: null },
};

const run = async (script: Script, ...line: string[]) => {
  await using daemon = await ScriptedDaemon.start({ [UPDATE]: ['job-1'], ...script });
  const ran = await fluxctl([...line, '--url', daemon.url]);
  return { ...ran, sent: daemon.sent(UPDATE), paths: daemon.requests.map(({ path }) => path) };
};
const usage = (message: string, command: string) => ({
  code: 1,
  stderr: `Error: ${message}\nRun 'fluxctl ${command} --help' for usage.\n`,
});

describe('release', () => {
  test('asks for several workloads', async () => {
    const { sent, code } = await run(
      { [JOBS]: [succeeded({ result: {} })] },
      ...['release', '-i', 'a:1', '--workload=deployment/a', '--workload', 'b:daemonset/c', '-n', 'x', '-f'],
    );
    const spec = { ServiceSpecs: ['x:deployment/a', 'b:daemonset/c'], ImageSpec: 'a:1', Force: true };
    expect(sent).toMatchObject([{ type: 'image', spec }]);
    expect(code).toBe(0);
  });

  test.each<[string, string[], string]>([
    [
      'two kinds of image',
      ['--all', '-i', 'a:1', '--update-all-images'],
      'please supply only one of --update-image=<image> or --update-all-images',
    ],
    ['a tag filter for one image', ['--all', '-i', 'a:1', '--tag-filter=1.*'], '--tag-filter works with --update-all-images'],
    ['no workload', ['-i', 'a:1'], 'please supply either --all, or at least one --workload=<workload>'],
  ])('refuses %s before it asks the daemon', async (_name, flags, message) => {
    const { paths, ...ran } = await run({}, 'release', ...flags);
    expect(ran).toMatchObject(usage(message, 'release'));
    expect(paths).toEqual([]);
  });

  test('asks not to verify signatures, also a Flux v1, which verifies none', async () => {
    const line = ['release', '--all', '--update-all-images', '--skip-verify'];
    const { sent, code } = await run({ [JOBS]: [succeeded({ result: {} })] }, ...line);
    expect(code).toBe(0);
    expect(sent).toMatchObject([{ spec: { ImageSpec: '<all latest>', SkipVerify: true } }]);
  });

  test.each<[flag: string, sent: object]>([
    ['--tag-filter=semver:~1', { TagFilter: 'semver:~1' }],
    ['--pin-digest', { PinDigest: true }],
  ])('sends %s, but not to a Flux v1, which would overlook it', async (flag, expected) => {
    const line = ['release', '--all', '--update-all-images', flag];
    const held = { 'GET /v1/gc': [{ deletions: [] }] };
    const { sent, code } = await run({ ...held, [JOBS]: [succeeded({ result: {} })] }, ...line);
    expect(code).toBe(0);
    expect(sent).toMatchObject([{ spec: { ImageSpec: '<all latest>', ...expected } }]);
    const old = await run({ 'GET /v1/gc': [{ status: 404, body: '404 page not found' }] }, ...line);
    expect(old).toMatchObject({ code: 1, sent: [] });
    expect(old.stderr).toContain(`this daemon is a Flux v1, which has no ${flag.replace(/=.*/, '')}`);
  });

  test('sends a rollback, but asks a Flux v1 for nothing', async () => {
    const line = ['rollback', '-w', 'shop:deployment/cart', '-c', 'cart', '--to=1.2.0', '--dry-run', '-m', 'bad'];
    const held = { 'GET /v1/gc': [{ deletions: [] }] };
    const { sent, code } = await run({ ...held, [JOBS]: [succeeded({ result: {} })] }, ...line);
    expect(code).toBe(0);
    const spec = { Kind: 'plan', Workload: 'shop:deployment/cart', Container: 'cart', To: '1.2.0', Force: false };
    expect(sent).toMatchObject([{ type: 'rollback', cause: { Message: 'bad' }, spec }]);
    const old = await run({ 'GET /v1/gc': [{ status: 404, body: '404 page not found' }] }, ...line);
    expect(old).toMatchObject({ code: 1, sent: [] });
    expect(old.stderr).toContain('this daemon is a Flux v1, which has no rollback');
    expect((await run({}, 'rollback')).stderr).toContain('-w, --workload is required');
  });

  test('warns that force does not release what is locked', async () => {
    const { stderr } = await run({ [JOBS]: [succeeded({ result: {} })] }, 'release', '--force', '--all', '-i', 'a:1');
    expect(stderr).toBe('Warning: --force will not ignore locked workloads when used with --all\nSubmitting release ...\n');
  });

  test.each<[string[], string[]]>([
    [[], ['WORKLOAD              STATUS   UPDATES', 'shop:deployment/cart  success  cart: reg.example.org/acme/cart:1.3 -> 1.4']],
    [
      ['-v'],
      [
        'WORKLOAD                STATUS   UPDATES',
        'shop:deployment/cart    success  cart: reg.example.org/acme/cart:1.3 -> 1.4',
        'shop:deployment/frozen  skipped  locked',
      ],
    ],
    [
      ['-vv'],
      [
        'WORKLOAD                STATUS   UPDATES',
        'shop:deployment/cart    success  cart: reg.example.org/acme/cart:1.3 -> 1.4',
        'shop:deployment/frozen  skipped  locked',
        'shop:deployment/mail    ignored  not included',
      ],
    ],
  ])('a dry run prints the table and nothing was pushed; verbosity %j', async (flags, expected) => {
    const { stdout, stderr } = await run(
      { [JOBS]: [succeeded({ result: released })] },
      'release',
      '--all',
      '--update-all-images',
      '--dry-run',
      ...flags,
    );
    expect(stdout).toBe(`${expected.join('\n')}\n`);
    expect(stderr).toBe('Submitting dry-run release ...\n');
  });

  test('an empty result prints the heading', async () => {
    const { stdout } = await run({ [JOBS]: [succeeded({ result: {} })] }, 'release', '--all', '--update-all-images', '--dry-run');
    expect(stdout).toBe('WORKLOAD   STATUS   UPDATES\n');
  });

  test('says which of the workloads that were named were not released, and why', async () => {
    const { stderr } = await run(
      { [JOBS]: [succeeded({ result: released })] },
      ...['release', '--workload', CART, '--workload', 'shop:deployment/frozen', '-i', 'a:1', '--dry-run'],
    );
    expect(stderr).toBe('Submitting dry-run release ...\nWarning: shop:deployment/frozen was skipped: locked\n');
  });

  test('a failed job is an error', async () => {
    const { code, stderr } = await run({ [JOBS]: [failed('no changes made in repo')] }, 'release', '--all', '-i', 'a:1');
    expect(code).toBe(1);
    expect(stderr).toBe(
      "Submitting release ...\nError: no changes made in repo\nRun 'fluxctl release --help' for usage.\n\nRun the same command with --dry-run -v to see why.\n",
    );
  });

  test('what is proposed is neither waited for nor watched, and the request is printed', async () => {
    const url = 'https://git.example.org/acme/shop/pulls/12';
    const pullRequests = [{ branch: 'flux-updates', name: '#12', url }, { branch: 'flux-updates-b' }];
    const line = ['release', '--all', '--update-all-images', '--watch'];
    const { stderr, code, paths } = await run({ [JOBS]: [succeeded({ result: released, pullRequests })] }, ...line);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /Pull request:\t#12 https:\/\/git\.example\.org\/acme\/shop\/pulls\/12\nBranch pushed:\tflux-updates-b\n$/,
    );
    expect(paths.filter((path) => path.includes('/sync') || path.includes('/services'))).toEqual([]);
    const json = await run({ [JOBS]: [succeeded({ result: released, pullRequests })] }, ...line, '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ pullRequests });
  });

  test('a commit that is not applied in time is no error', async () => {
    const { code, stderr } = await run(
      { [JOBS]: [succeeded({ revision: REVISION, result: released })], [SYNC]: [[REVISION]] },
      ...['release', '--all', '-i', 'a:1'],
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/Commit pushed:\t4be1f0c\nThe commit is pushed, but we timed out[\s\S]*fluxctl sync/);
  });

  test('watches the rollout until all workloads are ready', async () => {
    const at = (Status: string, Updated: number) => ({
      ID: CART,
      Containers: [{ Name: 'cart', Current: { ID: 'reg.example.org/acme/cart:1.4', Labels: {} } }],
      Status,
      Rollout: { Desired: 2, Updated, Ready: Updated, Available: Updated, Outdated: 2 - Updated, Messages: null },
      Automated: false,
      Locked: false,
      Ignore: false,
    });
    const { lines, paths } = await run(
      {
        [JOBS]: [succeeded({ revision: REVISION, result: released })],
        [SYNC]: [[]],
        'GET /flux/v11/services': [[at('updating', 1)], [at('ready', 2)]],
      },
      ...['release', `--workload=${CART}`, '-i', 'reg.example.org/acme/cart:1.4', '--watch'],
    );
    expect(lines.split('\n').slice(5).join('\n')).toBe(
      [
        '2 Monitoring rollout ...',
        '1 WORKLOAD              CONTAINER  IMAGE                          RELEASE   REPLICAS',
        '1 shop:deployment/cart  cart       reg.example.org/acme/cart:1.4  updating  1/2',
        '1 ',
        '1 WORKLOAD              CONTAINER  IMAGE                          RELEASE  REPLICAS',
        '1 shop:deployment/cart  cart       reg.example.org/acme/cart:1.4  ready    2/2',
        '1 ',
        '2 All workloads ready.',
        '',
      ].join('\n'),
    );
    expect(paths.at(-1)).toBe('/flux/v11/services?namespace=&services=shop%3Adeployment%2Fcart');
  });
});

describe('policy commands', () => {
  const done = { [JOBS]: [succeeded({ revision: REVISION, result: { [CART]: { Status: 'success', PerContainer: null } } })] };
  const user = ['--user', 'Ann <ann@example.org>'];

  test.each<[string, string[], object, object]>([
    ['automate', ['automate'], { automated: 'true' }, {}],
    ['deautomate', ['deautomate'], {}, { automated: 'true' }],
    [
      'lock',
      ['lock', '-m', 'hands off', ...user],
      { locked: 'true', locked_user: 'Ann <ann@example.org>', locked_msg: 'hands off' },
      {},
    ],
    ['lock without a message', ['lock', ...user], { locked: 'true', locked_user: 'Ann <ann@example.org>', locked_msg: '' }, {}],
    ['lock by nobody', ['lock', '--user='], { locked: 'true' }, {}],
    ['unlock', ['unlock'], {}, { locked: 'true', locked_msg: 'true', locked_user: 'true' }],
    [
      'policy for some containers',
      ['policy', '--tag', 'a=1.*,b=regex:^v', '--tag=c=*', '--tag=d=', '--automate', '--unlock'],
      { automated: 'true', 'tag.a': 'glob:1.*', 'tag.b': 'regexp:^v', 'tag.d': 'glob:' },
      { locked: 'true', locked_msg: 'true', locked_user: 'true', 'tag.c': 'true' },
    ],
    [
      'a pattern with a comma, in quotes',
      ['policy', '--tag="c=regexp:^a{1,2}",d=1', '--tag='],
      { 'tag.c': 'regexp:^a{1,2}', 'tag.d': 'glob:1' },
      {},
    ],
    [
      'bans of several containers',
      ['policy', '--ban=web=1.3.0', '--ban', 'web=@sha256:ab,log=2.0', '--unban=web=1.2.0', '--unban=log=*'],
      { 'ban.web': '1.3.0, @sha256:ab', 'ban.log': '2.0' },
      { 'ban.web': '1.2.0', 'ban.log': 'true' },
    ],
    [
      'minimum ages',
      ['policy', '--min-age=a=72h,b=3d', '--min-age=c=', '--min-age=1h'],
      { 'min-age.a': '72h', 'min-age.b': '3d', 'min-age': '1h' },
      { 'min-age.c': 'true' },
    ],
    [
      'signature policies',
      ['policy', '--verify=a=cosign:acme,b=cosign-keyless:jane@acme.org@https://accounts.google.com', '--verify=c='],
      { 'verify.a': 'cosign:acme', 'verify.b': 'cosign-keyless:jane@acme.org@https://accounts.google.com' },
      { 'verify.c': 'true' },
    ],
    ['a pattern with an equals sign', ['policy', '--tag=c=semver:>=1.0'], { 'tag.c': 'semver:>=1.0' }, {}],
  ])('%s', async (_name, line, add, remove) => {
    const { sent, lines, code } = await run(done, ...line, '-w', CART);
    expect(sent).toMatchObject([{ type: 'policy', spec: { [CART]: { add, remove } } }]);
    expect(Object.keys((sent[0] as { spec: Record<string, { add: object }> }).spec[CART]?.add ?? {})).toHaveLength(
      Object.keys(add).length,
    );
    expect(code).toBe(0);
    expect(lines).toBe(
      '1 WORKLOAD              STATUS   UPDATES\n1 shop:deployment/cart  success  \n2 Commit pushed:\t4be1f0c\n',
    );
  });

  test('nothing to change is the heading and exit 0', async () => {
    const skipped = { [JOBS]: [succeeded({ result: { [CART]: { Status: 'skipped', PerContainer: null } } })] };
    expect(await run(skipped, 'automate', '-w', CART)).toMatchObject({
      code: 0,
      stdout: 'WORKLOAD   STATUS   UPDATES\n',
      stderr: 'Nothing to do; use -v to see why\n',
    });
  });
});
