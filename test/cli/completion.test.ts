import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GoFluxd } from '../conformance/go-fluxd.ts';
import { fluxctl } from './daemon.ts';

/** The candidates for the last of these words, without their meanings. */
const complete = async (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<readonly string[]> => {
  const { code, stdout, stderr } = await fluxctl(['__complete', '--', ...words], env);
  expect([code, stderr]).toEqual([0, '']);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t')[0] ?? '');
};

describe('what may stand at the cursor', () => {
  let fluxd: GoFluxd;
  beforeAll(async () => {
    fluxd = await GoFluxd.start();
  });
  afterAll(() => fluxd[Symbol.asyncDispose]());
  const CART = 'shop:deployment/cart';
  const PAY = 'shop:helmrelease/pay';

  test.each<[string[], string[]]>([
    [['auto'], ['automate']],
    [['list-'], ['list-workloads', 'list-images']],
    [['gc', 'a'], ['approve']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'powershell'],
    ],
    [['sync', '--i'], ['--ignore-apply-errors']],
    [
      ['sync', '--k8s'],
      ['--k8s-fwd-ns', '--k8s-fwd-labels'],
    ],
    [['list-images', '-o', 'j'], ['json']],
    [['list-images', '--output-format=ya'], ['--output-format=yaml']],
    [['release', '-c'], []],
    [
      ['release', '--workload', ''],
      [CART, PAY],
    ],
    [['release', '--workload', 'shop:d'], [CART]],
    [['release', '--workload=shop:h'], [`--workload=${PAY}`]],
    [['release', `--workload=${CART},shop:h`], [`--workload=${CART},${PAY}`]],
    [['lock', '-w', 'shop:h'], [PAY]],
    [
      ['lock', '-w', '""'],
      [CART, PAY],
    ],
    [
      ['gc', '""'],
      ['approve', 'orphans', 'delete'],
    ],
    [['list-workloads', '-n', ''], ['shop']],
    [['list-workloads', '-c', 's'], ['setup']],
    [['--timeout', '5s', 'deautomate', '-n', 'x', '-w', 'shop:deployment/'], [CART]],
    [['save', '--out', 'x'], [':directories']],
  ])('%j', async (words, expected) => {
    expect(await complete(words, { FLUX_URL: fluxd.url })).toEqual(expected);
  });

  test('words that nobody knows end in what is known', async () => {
    expect(await complete(['nonsense', '--nope', 'x', '--also=y', ''])).toContain('list-workloads');
  });

  test('names come from the daemon that the words themselves name', async () => {
    expect(await complete(['--url', fluxd.url, 'lock', '-w', 'shop:d'])).toEqual([CART]);
    expect(await complete([`--url=${fluxd.url}`, 'lock', '-w', 'shop:d'])).toEqual([CART]);
  });

  test.each<[string, Record<string, string>]>([
    ['nobody answers', { FLUX_URL: 'http://127.0.0.1:1/api/flux' }],
    ['the URL is none', { FLUX_URL: 'nonsense' }],
    ['there is no cluster', {}],
  ])('nothing, and not a word, when %s', async (_case, env) => {
    expect(await complete(['lock', '-w', ''], env)).toEqual([]);
  });

  test('contexts come from the kubeconfig', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'completion-'));
    const file = join(directory, 'kubeconfig');
    const contexts = ['prod', 'stage'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } }));
    writeFileSync(
      file,
      JSON.stringify({
        clusters: [{ name: 'c', cluster: { server: 'http://127.0.0.1:1' } }],
        users: [{ name: 'u', user: {} }],
        contexts,
        'current-context': 'prod',
      }),
    );
    expect(await complete(['--context', 's'], { KUBECONFIG: file })).toEqual(['stage']);
    rmSync(directory, { recursive: true });
  });
});

describe('the script for bash', () => {
  let directory: string;
  let fluxd: GoFluxd;
  beforeAll(async () => {
    fluxd = await GoFluxd.start();
    directory = mkdtempSync(join(tmpdir(), 'completion-'));
    const program = join(directory, 'fluxctl');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${resolve('bin/fluxctl.ts')}' "$@"\n`);
    chmodSync(program, 0o755);
    writeFileSync(join(directory, 'script'), (await fluxctl(['completion', 'bash'])).stdout);
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true });
    await fluxd[Symbol.asyncDispose]();
  });

  /** What readline would put in place of the last part of the line. */
  const atTheEndOf = async (line: string): Promise<readonly string[]> => {
    const script = `
      source "$DIR/script"
      COMP_LINE=$1 COMP_POINT=\${#1}
      _fluxctl
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script, 'bash', line], {
      env: { PATH: `${directory}:${process.env.PATH}`, DIR: directory, HOME: directory, FLUX_URL: fluxd.url },
    });
    return stdout.split('\n').filter((each) => each !== '');
  };

  test.each([
    ['fluxctl lis', ['list-workloads', 'list-images']],
    ['fluxctl lock --workload shop:dep', ['deployment/cart']],
    ['fluxctl lock --workload=shop:dep', ['deployment/cart']],
  ])('%s', async (line, expected) => {
    expect(await atTheEndOf(line)).toEqual(expected);
  });
});
