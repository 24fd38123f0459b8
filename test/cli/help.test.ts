import { describe, expect, test } from 'vitest';
import { fluxctl } from './daemon.ts';

const COMMANDS = [
  ...[
    'list-workloads',
    'list-images',
    'release',
    'rollback',
    'automate',
    'deautomate',
    'lock',
    'unlock',
    'suspend',
    'resume',
    'policy',
    'sync',
    'status',
    'why',
    'history',
    'diff',
    'render',
  ],
  ...['gc', 'gc approve', 'gc orphans', 'gc delete', 'ui', 'doctor', 'identity', 'save', 'install', 'completion', 'version'],
];
const helpOf = async (path: string) => (await fluxctl([...path.split(' ').filter((word) => word !== ''), '--help'])).stdout;

describe('help', () => {
  test('names every command', async () => {
    const [, commands = ''] = /\nCommands:\n([\s\S]*?)\n\n/.exec(await helpOf('')) ?? [];
    const named = commands.split('\n').map((line) => line.trim().split(' ')[0]);
    expect(named).toEqual([...COMMANDS.filter((name) => !name.includes(' ')), 'help']);
  });

  test.each(['', ...COMMANDS])('of fluxctl %s begins with examples and fits into 80 columns', async (path) => {
    const help = await helpOf(path);
    expect(help.split('\n').filter((line) => line.length > 80 && !line.startsWith('  fluxctl install'))).toEqual([]);
    expect(help).toMatch(
      /^\S.*[\s\S]*\nUsage:\n {2}fluxctl[\s\S]*\nExamples:\n {2}[\s\S]*\nFlags:\n[\s\S]* -h, --help +show this help\n/,
    );
    expect(help.split('Examples:')[1]).toContain(`fluxctl ${path}`.trim());
    expect(help.endsWith('\n')).toBe(true);
  });

  test('is the same on a terminal that was given no size', async () => {
    expect((await fluxctl(['release', '--help'], {}, { columns: 0 })).stdout).toBe(await helpOf('release'));
  });

  test.each([
    ['sync --nope --help', "unknown flag: --nope\nRun 'fluxctl sync --help' for usage."],
    ['--help sync --nope', "unknown flag: --nope\nRun 'fluxctl sync --help' for usage."],
    ['gc approve -h --nope', "unknown flag: --nope\nRun 'fluxctl gc approve --help' for usage."],
    ['frob --help', 'unknown command "frob" for "fluxctl"\nRun \'fluxctl --help\' for usage.'],
  ])('%s: what is wrong is told in place of help, as by Flux v1', async (line, message) => {
    expect(await fluxctl(line.split(' '))).toMatchObject({ code: 1, stdout: '', stderr: `Error: ${message}\n` });
  });

  test('is that of the command, wherever the flag stands', async () => {
    for (const line of ['--help sync', 'sync -h', '--timeout=5s sync --wait --help'])
      expect((await fluxctl(line.split(' '))).stdout).toBe(await helpOf('sync'));
    expect((await fluxctl(['gc', '--help', 'approve'])).stdout).toBe(await helpOf('gc approve'));
  });

  test('is printed by the help command too', async () => {
    expect((await fluxctl(['help', 'sync'])).stdout).toBe(await helpOf('sync'));
    expect((await fluxctl(['help'])).stdout).toBe(await helpOf(''));
  });

  test('says the other names of a command', async () => {
    expect(await helpOf('list-controllers')).toContain('\nAliases:\n  list-controllers\n');
  });
});

describe('did you mean', () => {
  test.each<[string, string[], string[], string]>([
    ['snyc', ['snyc'], ['sync'], 'fluxctl'],
    ['relese', ['relese'], ['release'], 'fluxctl'],
    ['list', ['list'], ['list-workloads', 'list-controllers', 'list-images'], 'fluxctl'],
    ['a topic of help', ['help', 'polcy'], ['policy'], 'fluxctl'],
    ['a flag', ['release', '--worklod=x'], ['--workload'], 'fluxctl release'],
    ['a flag with a longer name', ['list-images', '--output', 'json'], ['--output-format'], 'fluxctl list-images'],
    ['a flag of every command', ['sync', '--contxt=x'], ['--context'], 'fluxctl sync'],
    ['a command below another', ['gc', 'aprove', 'x'], ['approve'], 'fluxctl gc'],
  ])('%s', async (_case, line, meant, path) => {
    const { code, stdout, stderr } = await fluxctl(line);
    expect([code, stdout]).toEqual([1, '']);
    const [first, ...rest] = stderr.split('\n');
    expect(first).toMatch(/^Error: (unknown (command|flag)|expected no)/);
    const lines = ['', 'Did you mean this?', ...meant.map((each) => `\t${each}`), '', `Run '${path} --help' for usage.`, ''];
    expect(rest).toEqual(lines);
  });

  test('nothing, where nothing is near', async () => {
    for (const line of [['xyzzy'], ['help', 'xyzzy'], ['sync', '--xyzzy']]) {
      expect((await fluxctl(line)).stderr.split('\n')).toHaveLength(3);
    }
  });
});
