import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { behavesAsARunner, SMALL_LIMITS } from '../behaviours.ts';
import { runOf } from '../command-files.ts';
import { BUILT, MEMORY, type Sandbox, startSandbox, USER } from './helper.ts';

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox(SMALL_LIMITS);
});

afterAll(() => sandbox.stop());

describe('the sandbox container', () => {
  behavesAsARunner(() => sandbox.runner);

  test('says which layers it has', () => {
    expect(sandbox.runner.layers()).toEqual({
      kind: 'container',
      user: USER,
      landlock: expect.any(Number),
      seccomp: true,
      memory: MEMORY,
      network: 'none',
    });
  });

  test('has commands on its own PATH', async () => {
    expect(await sandbox.runner.run(runOf('echo $PATH'))).toMatchObject({
      outputs: [Buffer.from('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n')],
    });
  });

  test('pipes, here documents, jobs, temporary files and substitutions of a process work', async () => {
    const text = [
      'set -e',
      'cat <<EOF | tr a-z A-Z >"$TMPDIR/x"',
      'text',
      'EOF',
      'mv "$TMPDIR/x" "$HOME/y"; cp -p "$HOME/y" "$TMPDIR"; cat "$(mktemp)" "$TMPDIR/y"',
      "bash -c 'diff <(echo a) <(echo a) && echo same'",
      'echo x >/dev/null; head -c 4 /dev/urandom | wc -c',
      '(sleep 0.1; echo job) & wait',
      'mkfifo "$TMPDIR/f"; (echo fifo >"$TMPDIR/f") & cat "$TMPDIR/f"',
    ].join('\n');
    const outcome = await sandbox.runner.run(runOf(text));
    expect(outcome).toEqual({ kind: 'succeeded', outputs: [Buffer.from('TEXT\nsame\n4\njob\nfifo\n')], changed: [] });
  });

  // git fails where it may not read its configuration, and works where there is none.
  test.runIf(existsSync('/etc/gitconfig'))('git reads the configuration of the image', async () => {
    expect(await sandbox.runner.run(runOf('git init --quiet "$TMPDIR/r" && git -C "$TMPDIR/r" status --short'))).toMatchObject({
      kind: 'succeeded',
    });
  });

  test('a run that comes right after one that failed is not lost', async () => {
    for (let round = 0; round < 100; round += 1) {
      expect(await sandbox.runner.run(runOf('exit 3'))).toMatchObject({ kind: 'failed', failure: { kind: 'exit', status: 3 } });
    }
  });

  test('nothing is left of all runs but the files of two revisions', async () => {
    await sandbox.runner.run(runOf('true'));
    await expect.poll(() => sandbox.others()).toEqual([]);
    expect(sandbox.log()).not.toMatch(/cannot/);
  });
});

describe('the helper', () => {
  const start = (...args: readonly string[]) =>
    promisify(execFile)(args[0] ?? '', args.slice(1)).catch((error: { readonly stderr: string }) => error.stderr);
  const program = join(BUILT, 'flux-sandbox');
  const asUser = ['setpriv', '--reuid', String(USER), '--regid', String(USER), '--clear-groups'];

  test('does not run as root', async () => {
    expect(await start(program)).toMatch(/does not run as root/);
  });

  test('does not run where it would end the processes of others', async () => {
    expect(await start(...asUser, program)).toMatch(/only as process 1/);
  });

  test('does not run without a layer that may not be missing', async () => {
    expect(await start('unshare', '--pid', '--fork', ...asUser, program, '--allow-missing=seccomp')).toMatch(/only `landlock`/);
  });

  test('that is killed loses the run, which then has no sandbox', async () => {
    const other = await startSandbox(SMALL_LIMITS);
    const lost = expect(other.runner.run(runOf('while :; do sleep 0.1; done'))).rejects.toMatchObject({ code: 'sandbox/lost' });
    await until('the command runs', async () => (await other.others()).length > 0);
    await other.stop('killed');
    await lost;
  });
});
