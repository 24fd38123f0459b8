import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fluxctl, ScriptedDaemon } from './daemon.ts';
import { run } from './own-api.ts';

const MISSING = join(tmpdir(), 'no-such-directory');

describe('an error says what to do', () => {
  test.each<[string, string, string]>([
    [
      'release -w shop:deployment/cart --all',
      'expected no (non-flag) arguments',
      'Use --workload for a workload; -w means --watch.',
    ],
    ['list-workloads shop', 'expected no (non-flag) arguments', 'Use --namespace for a namespace.'],
    ['lock shop:deployment/cart', 'expected no (non-flag) arguments', 'Use --workload for a workload.'],
    ['list-images -o csv', 'invalid output format specified', '-o accepts table, wide, json, yaml or name.'],
    ['gc approve 123', '"123" is not a hash', 'Run fluxctl gc to see the hash of the current list.'],
    ['completion', 'please specify a shell', 'Supported shells: bash, zsh, fish, powershell.'],
    [`save --out=${MISSING}`, `stat ${MISSING}: no such file or directory`, 'Create the directory first.'],
  ])('fluxctl %s', async (line, message, advice) => {
    const { code, stderr, calls } = await run({}, ...line.split(' '));
    expect([code, calls]).toEqual([1, []]);
    const [first, usage, ...rest] = stderr.split('\n');
    expect([first, rest]).toEqual([`Error: ${message}`, ['', advice, '']]);
    expect(usage).toMatch(/^Run 'fluxctl .* --help' for usage\.$/);
  });

  test('a URL without the path of the API', async () => {
    await using daemon = await ScriptedDaemon.start({});
    const url = daemon.url.replace('/api/flux', '');
    const { stderr } = await fluxctl(['list-workloads', '--url', `${url}/`]);
    expect(stderr).toContain('Error: executing HTTP request: 404 Not Found 404 page not found\n');
    expect(stderr).toMatch(new RegExp(`\\n\\nThe URL of fluxd's API ends in /api/flux: --url=${url}/api/flux\\n$`));
  });

  test('a directory to compare that is not there, without the words of the system call', async () => {
    const { code, stderr } = await run({}, 'diff', `--path=${MISSING}`);
    expect([code, stderr.split('\n')[0]]).toEqual([2, `Error: ${MISSING}: no such file or directory`]);
  });
});

describe('a result with nothing in it says why', () => {
  test.each<[string, string]>([
    ['list-workloads', 'No workloads found in namespace "default"; use -a for all namespaces\n'],
    ['list-workloads -a -o name', 'No workloads found\n'],
    ['list-images -n shop', 'No workloads found in namespace "shop"\n'],
    ['list-images -w shop:deployment/cart', 'No workload shop:deployment/cart found\n'],
    [
      'identity',
      'The daemon has no SSH key of its own: it does not use SSH for Git, or could not get one, or uses ssh’s default keys. The state of the repository: git repo has not been cloned yet\n',
    ],
  ])('fluxctl %s', async (line, stderr) => {
    expect(await run({}, ...line.split(' '))).toMatchObject({ code: 0, stderr });
  });
});
