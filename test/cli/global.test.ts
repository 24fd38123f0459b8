import { describe, expect, test } from 'vitest';
import { fluxctl, ScriptedDaemon } from './daemon.ts';

const SERVICES = 'GET /flux/v6/services';

describe('the command line', () => {
  test.each<[string, string[], string]>([
    ['an unknown command', ['frob'], `Error: unknown command "frob" for "fluxctl"\nRun 'fluxctl --help' for usage.\n`],
    [
      'an unknown command before an unknown flag',
      ['--url', 'x', 'frob', '--nope'],
      `Error: unknown command "frob" for "fluxctl"\nRun 'fluxctl --help' for usage.\n`,
    ],
    ['an unknown flag without a command', ['--nope'], `Error: unknown flag: --nope\nRun 'fluxctl --help' for usage.\n`],
    [
      'labels of the pod that are none',
      ['list-workloads', '--k8s-fwd-labels=app=flux,x'],
      `Error: invalid argument "app=flux,x" for "--k8s-fwd-labels" flag: x must be formatted as key=value\nRun 'fluxctl list-workloads --help' for usage.\n`,
    ],
    ['an unknown flag', ['release', '--nope'], `Error: unknown flag: --nope\nRun 'fluxctl release --help' for usage.\n`],
    [
      'an unknown short flag',
      ['list-images', '-a'],
      `Error: unknown shorthand flag: 'a' in -a\nRun 'fluxctl list-images --help' for usage.\n`,
    ],
    [
      'a flag without its value',
      ['sync', '--url'],
      `Error: flag needs an argument: --url\nRun 'fluxctl sync --help' for usage.\n`,
    ],
    [
      'a short flag without its value',
      ['list-workloads', '-an'],
      `Error: flag needs an argument: 'n' in -an\nRun 'fluxctl list-workloads --help' for usage.\n`,
    ],
    [
      'a list with a quote that does not end',
      ['release', '--all', '--update-all-images', '--exclude=a"b'],
      `Error: invalid argument "a\\"b": misplaced " in "a\\"b"\nRun 'fluxctl release --help' for usage.\n`,
    ],
    [
      'a list of no workloads',
      ['release', '--workload=', '--update-all-images'],
      "Error: please supply either --all, or at least one --workload=<workload>\nRun 'fluxctl release --help' for usage.\n",
    ],
    [
      'a tag pattern for a container without a name',
      ['policy', '-w', 'a:deployment/b', '--tag', '=1.*'],
      `Error: invalid container/tag pair: "=1.*". Expected format is 'container=filter'\nRun 'fluxctl policy --help' for usage.\n`,
    ],
    [
      'a timeout that is none',
      ['--timeout=x', 'list-workloads'],
      `Error: invalid argument "x" for "--timeout" flag: time: invalid duration "x"\nRun 'fluxctl list-workloads --help' for usage.\n`,
    ],
    [
      'a URL that is none',
      ['list-workloads', '--url=127.0.0.1:3030'],
      `Error: parsing URL: parse "127.0.0.1:3030": missing protocol scheme\nRun 'fluxctl list-workloads --help' for usage.\n`,
    ],
  ])('refuses %s', async (_name, line, stderr) => {
    expect(await fluxctl(line)).toMatchObject({ code: 1, stdout: '', stderr });
  });

  test('prints help on standard output when nothing is asked', async () => {
    const { code, stdout, stderr } = await fluxctl([]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('fluxctl helps you deploy your code.');
    expect((await fluxctl(['release', '--help'])).stdout).toContain('--update-all-images');
  });

  test('prints its version without asking anybody', async () => {
    expect(await fluxctl(['version'])).toMatchObject({ code: 0, stdout: '9.9.9\n', stderr: '' });
  });

  test('understands flags as Go writes them', async () => {
    await using daemon = await ScriptedDaemon.start({ [SERVICES]: [null] });
    await fluxctl(['list-workloads', `-u=${daemon.url}/`, '-n=shop', '--no-headers=true', '--all-namespaces=false']);
    expect(daemon.requests.map(({ path }) => path)).toEqual(['/flux/v6/services?namespace=shop']);
  });
});

describe('colours of errors', () => {
  const RED = '\u001b[31mError:\u001b[39m';
  test.each<[string, string[], Record<string, string>, boolean, boolean]>([
    ['on a terminal', [], {}, true, true],
    ['elsewhere', [], {}, false, false],
    ['with --no-color', ['--no-color'], {}, true, false],
    ['with NO_COLOR', [], { NO_COLOR: '1' }, true, false],
    ['on a dumb terminal', [], { TERM: 'dumb' }, true, false],
  ])('%s', async (_case, flags, env, isErrorTTY, coloured) => {
    expect((await fluxctl(['frob', ...flags], env, { isErrorTTY })).stderr.startsWith(RED)).toBe(coloured);
  });
});

describe('errors from the daemon', () => {
  test('nobody answers', async () => {
    const url = 'http://127.0.0.1:1/api/flux';
    const get = `Get "${url}/v6/services?namespace=default"`;
    expect(await fluxctl(['list-workloads', '--url', url])).toMatchObject({
      code: 1,
      stderr: `Error: executing HTTP request: executing HTTP request: ${get}: dial tcp 127.0.0.1:1: connect: connection refused\nRun 'fluxctl list-workloads --help' for usage.\n`,
    });
  });

  test.each<[string, unknown, string]>([
    [
      'with help of its own',
      { status: 422, body: { type: 'user', help: 'Mend this.\n\nThen that.\n', error: 'broken' } },
      '== Error ==\n\nMend this.\n\nThen that.\n\n',
    ],
    [
      'in plain text',
      { status: 404, body: '404 page not found\n' },
      `Error: executing HTTP request: 404 Not Found 404 page not found\n\nRun 'fluxctl list-workloads --help' for usage.\n`,
    ],
    [
      'an empty object',
      { status: 400, body: '{}' },
      `Error: executing HTTP request: 400 Bad Request {}\nRun 'fluxctl list-workloads --help' for usage.\n`,
    ],
    [
      'that asks who this is',
      { status: 401, body: 'no' },
      '== Error ==\n\nThe daemon rejected the request, because it could not authenticate you.\n\nThe token is missing, invalid or expired. Pass one with --token, or in\nthe environment variable FLUX_SERVICE_TOKEN.\n\n',
    ],
    [
      'that is no list',
      { status: 200, body: '"nonsense"' },
      `Error: decoding response of GET /v6/services: value: Invalid input: expected array, received string\nRun 'fluxctl list-workloads --help' for usage.\n\nThe server at this URL does not speak the fluxd API.\n`,
    ],
    [
      'that would paint the terminal (S-080)',
      { status: 422, body: { type: 'user', help: '\u001b[2J\u001b]0;owned\u0007red\u202e\u009b31mX\r\n', error: 'x' } },
      '== Error ==\n\nredX\n\n',
    ],
  ])('an answer %s', async (_name, answer, stderr) => {
    await using daemon = await ScriptedDaemon.start({ [SERVICES]: [answer] });
    expect(await fluxctl(['list-workloads', '--url', daemon.url])).toMatchObject({ code: 1, stdout: '', stderr });
  });
});

test('S-098: where no certificate would be checked, nothing is asked, and the variable is named', async () => {
  await using daemon = await ScriptedDaemon.start({ [SERVICES]: [[]] });
  const insecure = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };
  const ran = await fluxctl(['list-workloads', '--url', daemon.url], insecure);
  expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED=0 is not allowed') });
  expect(daemon.requests).toEqual([]);
  expect((await fluxctl(['list-workloads', '--help'], insecure)).code).toBe(0);
  expect((await fluxctl(['list-workloads', '--url', daemon.url], { NODE_TLS_REJECT_UNAUTHORIZED: '1' })).code).toBe(0);
});

describe('S-080: no line of the output is forged', () => {
  const FORGED = /^Done\. forged/m;

  test('by a newline in the URL of the repository, as the daemon says it', async () => {
    const config = {
      remote: { url: 'ssh://git@example.org/acme\nDone. forged', branch: 'master\nDone. forged', path: '' },
      publicSSHKey: { key: 'ssh-ed25519 AAAA\nDone. forged\n', fingerprints: null },
      status: 'ready',
      errors: '',
    };
    await using daemon = await ScriptedDaemon.start({ 'POST /flux/v9/git-repo-config': [config, config] });
    const sync = await fluxctl(['sync', '--url', daemon.url]);
    const identity = await fluxctl(['identity', '--url', daemon.url]);
    expect(sync.stderr).toContain('Synchronizing with ssh://git@example.org/acme Done. forged\n');
    expect(sync.stdout + sync.stderr + identity.stdout + identity.stderr).not.toMatch(FORGED);
  });

  test.each(['http://127.0.0.1:1\nDone. forged', 'http://127.0.0.1:1/\r\nDone. forged', 'x\nDone. forged'])(
    'by a newline in --url %j',
    async (url) => {
      const { code, stdout, stderr } = await fluxctl(['list-workloads', '--url', url]);
      expect(code).toBe(1);
      expect(stdout + stderr).not.toMatch(FORGED);
    },
  );

  test('by a newline in an answer that is no JSON', async () => {
    await using daemon = await ScriptedDaemon.start({ [SERVICES]: [{ status: 418, body: 'no\nDone. forged\n' }] });
    const { stdout, stderr } = await fluxctl(['list-workloads', '--url', daemon.url]);
    expect(stderr).toContain('forged');
    expect(stdout + stderr).not.toMatch(FORGED);
  });
});
