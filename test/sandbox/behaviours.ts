import { expect, test } from 'vitest';
import type { ChangedFile, CommandOutcome, CommandRun } from '../../src/repository/index.ts';
import type { CommandRunner, RunLimits } from '../../src/sandbox/index.ts';
import { command, executable, filesOf, link, runOf, submodule } from './command-files.ts';

/** Small enough to be reached at once. */
export const SMALL_LIMITS: RunLimits = {
  outputBytes: 1024 ** 2,
  changedFiles: 20,
  changedBytes: 1024 ** 2,
  fileBytes: 4 * 1024 ** 2,
};

/** What every runner does alike. @param runner With SMALL_LIMITS; the one of the current test. */
export function behavesAsARunner(runner: () => CommandRunner): void {
  const run = (request: CommandRun) => runner().run(request);
  const outputOf = async (request: CommandRun) => {
    const outcome = await run(request);
    if (outcome.kind !== 'succeeded') throw new Error(`failed: ${JSON.stringify(outcome)}`);
    return outcome.outputs.map(String);
  };
  const changesOf = async (text: string, entries: Parameters<typeof filesOf>[0]) => {
    const outcome = await run(runOf(text, { entries, writable: true }));
    if (outcome.kind !== 'succeeded') throw new Error(`failed: ${JSON.stringify(outcome)}`);
    return outcome.changed.map(shown);
  };
  const refusalOf = async (text: string, entries: Parameters<typeof filesOf>[0] = { 'a.yaml': 'a\n' }) => {
    const outcome = await run(runOf(text, { entries, writable: true }));
    return outcome.kind === 'failed' ? outcome.failure : outcome;
  };

  test('returns the standard output of each command, byte for byte', async () => {
    const outcome = await run(runOf(["printf '\\000\\377'", 'cat a.yaml', 'true']));
    expect(outcome).toEqual({
      kind: 'succeeded',
      outputs: [Buffer.from([0, 255]), Buffer.from('kind: A\n'), Buffer.alloc(0)],
      changed: [],
    } satisfies CommandOutcome);
  });

  test('returns outputs of many pieces whole and in order', async () => {
    const [output = ''] = await outputOf(runOf('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done'));
    expect(output).toBe(Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join(''));
  });

  test('stops at the first command that fails, and keeps the end of what it said', async () => {
    const outcome = await run(
      runOf(['true', 'i=0; while [ $i -lt 30 ]; do echo "e $i" >&2; i=$((i+1)); done; exit 3', 'echo no']),
    );
    const stderr = Array.from({ length: 20 }, (_, line) => `e ${line + 10}`).join('\n');
    expect(outcome).toEqual({ kind: 'failed', command: 1, failure: { kind: 'exit', status: 3 }, stderr });
  });

  test('keeps at most 4 KiB of a long line', async () => {
    const outcome = await run(runOf('head -c 20000 /dev/zero | tr "\\000" x >&2; exit 1'));
    expect(outcome).toMatchObject({ kind: 'failed', stderr: 'x'.repeat(4096) });
  });

  test('names the signal that ended a command', async () => {
    expect(await run(runOf('kill -USR1 $$'))).toMatchObject({ kind: 'failed', failure: { kind: 'signal', signal: 'SIGUSR1' } });
  });

  test('gives only the environment that was asked for, and private folders', async () => {
    const [output = ''] = await outputOf(runOf([command('env', { environment: { FLUX_TAG: 'v1 "x"\n=2' } })]));
    const names = [...output.matchAll(/^([A-Za-z_]+)=/gm)].map(([, name]) => name);
    expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')).toSorted()).toEqual([
      'FLUX_TAG',
      'HOME',
      'PATH',
      'TMPDIR',
    ]);
    expect(output).toContain('FLUX_TAG=v1 "x"\n=2\n');
  });

  test('PATH, HOME and TMPDIR are ours, and PATH has only absolute parts (S-043, S-045)', async () => {
    const environment = { PATH: '.', HOME: '/', TMPDIR: '/' };
    const text = 'printf "%s\\n" "$PATH" "$HOME" "$TMPDIR"; echo x >"$HOME/a"; echo x >"$TMPDIR/a"';
    const [output = ''] = await outputOf(runOf([command(text, { environment })]));
    const [path = '', home, tmp] = output.trim().split('\n');
    expect(path.split(':').filter((part) => !part.startsWith('/'))).toEqual([]);
    expect(home).toMatch(/^\/.+/);
    expect(tmp).toMatch(/^\/.+/);
  });

  test('programs of the repository are not found by name (S-045)', async () => {
    const own = executable('#!/bin/sh\necho the program of the repository\n');
    const names = ['git', 'gpg', 'sops', 'kustomize', 'ssh', 'node', 'sh', 'cat'];
    const entries = { ...Object.fromEntries(names.map((name) => [name, own])), 'a.yaml': 'kind: A\n' };
    expect(await outputOf(runOf('cat a.yaml; sh -c "echo sh"', { entries }))).toEqual(['kind: A\nsh\n']);
  });

  test('starts in the folder, with its files, modes, links and submodules', async () => {
    const entries = {
      'top.yaml': 'top\n',
      'app/run': executable('#!/bin/sh\necho ran\n'),
      'app/plain': '#!/bin/sh\n',
      'app/to-top': link('../top.yaml'),
      'app/lib': submodule,
      'name with space \n and line end': 'odd\n',
    };
    const text = 'pwd -P | sed "s|.*/||"; ./run; cat to-top; ls lib; [ -x plain ] || echo not executable; cat ../name*';
    expect(await outputOf(runOf(text, { entries, directory: 'app' }))).toEqual(['app\nran\ntop\nnot executable\nodd\n']);
  });

  test('links that lead out of the repository are left out, also by way of others (S-007)', async () => {
    const entries = {
      'd/up': link('..'),
      absolute: link('/etc/passwd'),
      parent: link('../x'),
      indirect: link('d/up/../x'),
      circle: link('circle'),
      inside: link('d/up/d'),
    };
    expect(await outputOf(runOf('find . -type l | sort', { entries }))).toEqual(['./d/up\n./inside\n']);
  });

  test.each(['../x', '/x', 'a/../x', '.git/config', 'a/.GIT/x', 'a//b', './x'])('refuses a file %s', async (path) => {
    await expect(run(runOf('true', { files: filesOf({ [path]: '' }) }))).rejects.toMatchObject({ code: 'sandbox/refused' });
  });

  test('refuses a file that is too large, by its name', async () => {
    const small = filesOf({ 'assets/film.bin': 'x' });
    const files = { ...small, files: small.files.map((file) => ({ ...file, size: (64 << 20) + 1 })) };
    await expect(run(runOf('true', { files }))).rejects.toThrow(
      'file "assets/film.bin" cannot be laid out for commands: it has more than 64 MiB',
    );
  });

  test.each([
    ['a folder that is not there', { directory: 'none' }],
    ['a folder that is a file', { directory: 'a.yaml' }],
    ['a folder outside', { directory: '..' }],
    ['text with a NUL', { commands: [command('echo \0')] }],
    ['text that no program can be given', { commands: [command(' '.repeat(200_000))] }],
    ['very many commands', { commands: Array.from({ length: 20 }, () => command(' '.repeat(100_000))) }],
    ['a variable that is none', { commands: [command('true', { environment: { 'A=B': '' } })] }],
    ['a variable with a NUL', { commands: [command('true', { environment: { A: '\0' } })] }],
  ])('refuses %s', async (_, options) => {
    await expect(run(runOf('true', options))).rejects.toMatchObject({ code: 'sandbox/refused' });
  });

  test('ends a command at its time, with children that ignore signals (S-041)', async () => {
    const text = `trap '' TERM INT HUP; echo started >&2; (trap '' TERM; while :; do sleep 1; done) & while :; do sleep 1; done`;
    const outcome = await run(runOf([command(text, { timeoutMs: 2_000 })]));
    expect(outcome).toEqual({
      kind: 'failed',
      command: 0,
      failure: { kind: 'limit', limit: 'time', bound: '2 s' },
      stderr: 'started',
    });
  });

  test('ends a command at its time that has closed its output (S-041)', async () => {
    const outcome = await run(runOf([command('exec >&- 2>&-; while :; do sleep 1; done', { timeoutMs: 1_000 })]));
    expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'limit', limit: 'time', bound: '1 s' } });
  });

  test('ends with the command, though what it started in the background goes on and holds its output (S-041)', async () => {
    expect(await outputOf(runOf('sleep 1000 & echo done'))).toEqual(['done\n']);
  });

  test('ends a command that writes too much (S-040)', async () => {
    expect(await run(runOf('yes'))).toMatchObject({ failure: { kind: 'limit', limit: 'output', bound: '1 MiB' } });
    expect(await run(runOf('yes >&2', { commands: [command('yes >&2', { timeoutMs: 1_000 })] }))).toMatchObject({
      failure: { kind: 'limit', limit: 'time' },
    });
  });

  test('counts the output of all commands of a run', async () => {
    const half = 'head -c 700000 /dev/zero';
    expect(await run(runOf([half, half]))).toMatchObject({ command: 1, failure: { kind: 'limit', limit: 'output' } });
  });

  test('a file cannot grow beyond its bound (S-040)', async () => {
    expect(await run(runOf('exec head -c 10000000 /dev/zero >"$TMPDIR/big"'))).toMatchObject({ kind: 'failed' });
  });

  test('an aborted signal ends the run with its reason, and the next one works', async () => {
    const controller = new AbortController();
    const reason = new Error('not needed any more');
    const running = runner().run(runOf('while :; do sleep 1; done'), { signal: controller.signal });
    const waiting = runner().run(runOf('echo never'), { signal: controller.signal });
    const both = Promise.all([expect(running).rejects.toBe(reason), expect(waiting).rejects.toBe(reason)]);
    // It does not matter whether the command has started by then.
    setTimeout(() => controller.abort(reason), 300);
    await both;
    expect(await outputOf(runOf('echo next'))).toEqual(['next\n']);
  });

  test('runs that are asked for at once come one after another', async () => {
    const ended: number[] = [];
    const one = async (number: number) => {
      expect(await outputOf(runOf(`sleep 0.${3 - number}; echo ${number}`))).toEqual([`${number}\n`]);
      ended.push(number);
    };
    await Promise.all([0, 1, 2].map(one));
    expect(ended).toEqual([0, 1, 2]);
  });

  test('finds what a writable run created, changed, deleted and made executable', async () => {
    const entries = {
      'same.yaml': 'same\n',
      'touched.yaml': 'touched\n',
      'changed.yaml': 'old\n',
      'deleted.yaml': 'x\n',
      'folder/deleted.yaml': 'x\n',
      script: '#!/bin/sh\n',
      link: link('same.yaml'),
      lib: submodule,
    };
    const text = [
      'echo new >changed.yaml',
      'touch touched.yaml',
      'rm deleted.yaml',
      'rm -r folder',
      'chmod +x script',
      'mkdir -p deep/er empty',
      'echo created >deep/er/created.yaml',
      'mv same.yaml s; mv s same.yaml',
    ].join('; ');
    expect(await changesOf(text, entries)).toEqual([
      'changed.yaml: new\n',
      'deep/er/created.yaml: created\n',
      'deleted.yaml deleted',
      'folder/deleted.yaml deleted',
      'script executable: #!/bin/sh\n',
    ]);
  });

  test('a later command finds what an earlier one wrote, and the next run does not', async () => {
    const entries = { 'a.yaml': 'a\n' };
    const outcome = await run(runOf(['echo b >a.yaml', 'cat a.yaml'], { entries, writable: true }));
    expect(outcome).toMatchObject({ outputs: [Buffer.from(''), Buffer.from('b\n')] });
    expect(await outputOf(runOf('cat a.yaml', { entries, writable: true }))).toEqual(['a\n']);
    expect(await outputOf(runOf('cat a.yaml', { entries }))).toEqual(['a\n']);
  });

  test.each([
    ['a new link', 'ln -s /etc/passwd l', { kind: 'change', path: 'l', what: 'link' }],
    ['a link in place of a file', 'rm a.yaml; ln -s /etc/passwd a.yaml', { kind: 'change', path: 'a.yaml', what: 'link' }],
    ['a hard link', 'ln a.yaml b', { kind: 'change', what: 'hard-link' }],
    ['a fifo', 'mkfifo f', { kind: 'change', path: 'f', what: 'special-file' }],
    ['a fifo in place of a file', 'rm a.yaml; mkfifo a.yaml', { kind: 'change', path: 'a.yaml', what: 'special-file' }],
    ['a control character in a name', 'touch "$(printf "a\\033b")"', { kind: 'change', what: 'name' }],
    ['a line end in a name', 'mkdir -p d; touch "d/a\nb"', { kind: 'change', what: 'name' }],
    ['a name that is not UTF-8', 'touch "$(printf "a\\377")"', { kind: 'change', what: 'name' }],
    ['a folder .git', 'mkdir -p d/.Git; touch d/.Git/config', { kind: 'change', path: 'd/.Git', what: 'name' }],
    ['too many files', 'i=0; while [ $i -lt 30 ]; do echo >f$i; i=$((i+1)); done', { limit: 'changes', bound: '20 files' }],
    ['too many bytes', 'for i in 1 2 3; do head -c 500000 /dev/zero >f$i; done', { limit: 'changes', bound: '1 MiB' }],
    ['the root gone', 'rm -rf "$PWD"; ln -s / "$PWD"', { kind: expect.stringMatching(/^(change|exit)$/) }],
  ])('refuses %s among the changes (S-040)', async (_, text, failure) => {
    expect(await refusalOf(text)).toMatchObject(failure);
  });

  test('refuses a changed link, and a file in a submodule', async () => {
    const entries = { 'a.yaml': 'a\n', l: link('a.yaml'), lib: submodule };
    expect(await refusalOf('rm l', entries)).toEqual({ kind: 'change', path: 'l', what: 'link' });
    expect(await refusalOf('rm l; echo >l', entries)).toEqual({ kind: 'change', path: 'l', what: 'link' });
    expect(await refusalOf('ln -sf lib l', entries)).toEqual({ kind: 'change', path: 'l', what: 'link' });
    expect(await refusalOf('echo >lib/f', entries)).toEqual({ kind: 'change', path: 'lib/f', what: 'submodule' });
  });

  test('reads the files of a revision once for several runs, and of the newest two revisions', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((content) => filesOf({ 'a.yaml': content }));
    if (!a || !b || !c) throw new Error('three');
    for (const files of [a, b, a, b, a]) await run(runOf('cat a.yaml', { files }));
    expect([a.reads(), b.reads()]).toEqual([1, 1]);
    await run(runOf('cat a.yaml', { files: c }));
    await run(runOf('cat a.yaml', { files: a }));
    await run(runOf('cat a.yaml', { files: b }));
    expect([a.reads(), b.reads(), c.reads()]).toEqual([1, 2, 1]);
  });

  test.each(['chmod 777 . && echo evil >a.yaml', 'chmod 000 a.yaml', 'chmod 777 . && touch new'])(
    'no run finds what an earlier read-only one did to its files: %s',
    async (text) => {
      const entries = { 'a.yaml': 'a\n' };
      await run(runOf(text, { entries }));
      expect(await outputOf(runOf('ls -l | tail -n +2 | cut -c1-10; cat a.yaml; ls', { entries }))).toEqual([
        '-r--------\na\na.yaml\n',
      ]);
    },
  );

  test('a command finds nothing in HOME and TMPDIR of the one before', async () => {
    const text = 'find "$HOME" "$TMPDIR" | wc -l; echo evil >"$HOME/.profile"; mkdir -p "$TMPDIR/a/b"; chmod 000 "$TMPDIR/a"';
    expect((await outputOf(runOf([text, text]))).map((output) => output.trim())).toEqual(['2', '2']);
  });
}

function shown(file: ChangedFile): string {
  if (file.kind === 'deleted') return `${file.path} deleted`;
  return `${file.path}${file.executable ? ' executable' : ''}: ${file.content}`;
}
