import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger, systemClock, yieldTurn } from '../../../src/base/index.ts';
import { createManifests } from '../../../src/manifests/index.ts';
import { createKustomize } from '../../../src/sandbox/index.ts';
import { configMap, type Entries, link, revisionOf } from '../../manifests/kustomize/checkout.ts';
import { sampled } from '../../support/sampled.ts';
import { until } from '../../support/until.ts';

const K = 'app/kustomization.yaml';
const FILES: Entries = {
  [K]: 'resources: [a.yaml, ../base]\n',
  'app/a.yaml': configMap('a'),
  'base/kustomization.yaml': 'resources: [l.yaml]\n',
  'base/l.yaml': link('b.yaml'),
  'base/b.yaml': configMap('b'),
  'app/secret.txt': 'not an input',
};
const TIMEOUT_MS = 30_000;
const LIMITS = { timeoutMs: TIMEOUT_MS, outputBytes: 1 << 20 };
const NO_FILES = async () => ({ files: [], links: [] });

let parent: string;
const closing: (() => Promise<void>)[] = [];

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'flux-kustomize-'));
});

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(parent, { recursive: true });
});

/** A program in the place of kustomize. */
async function programOf(script: string, name = 'kustomize'): Promise<string> {
  const path = join(parent, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

function open(
  program: string | undefined,
  { timeoutMs = TIMEOUT_MS, clock = systemClock, memoryDirectory = join(parent, 'own') } = {},
) {
  const directory = join(parent, 'own');
  const kustomize = createKustomize({
    program,
    directory,
    memoryDirectory,
    clock: systemClock,
    logger: silentLogger(),
  });
  closing.push(kustomize.close);
  const manifests = createManifests({ clock, kustomize: { program: kustomize, auto: true, timeoutMs, verbatim: true } });
  return { kustomize, manifests, directory };
}

async function read(program: string | undefined, { timeoutMs = TIMEOUT_MS, files = FILES } = {}) {
  const { manifests, directory } = open(program, { timeoutMs });
  const { files: listed, blob } = revisionOf(files);
  const { manifests: found, errors, unsettled } = await manifests.read(listed, blob);
  return { names: found.map(({ object }) => object.metadata.name), errors, unsettled, directory };
}

const GOOD = `/bin/cat <<'E'\n${configMap('good')}E`;

describe('kustomize runs', () => {
  test('with the arguments, folder and environment of a build, and no others', async () => {
    const { kustomize, directory } = open(await programOf('echo "$@"; pwd -P; /usr/bin/env'));
    const outcome = await kustomize.build(
      'app',
      async () => ({ files: [{ path: 'app/k', content: Buffer.from('') }], links: [] }),
      LIMITS,
    );
    const text = outcome.kind === 'built' ? `${outcome.output}` : '';
    const [args, folder, ...variables] = text.trim().split('\n');
    expect([args, folder?.endsWith('/files/app'), folder?.includes(directory)]).toEqual(['build .', true, true]);
    const names = variables.map((line) => line.split('=')[0]).filter((name) => name !== '_' && name !== 'PWD');
    expect(names.sort()).toEqual(['GOGC', 'GOMEMLIMIT', 'HOME', 'HTTPS_PROXY', 'HTTP_PROXY', 'PATH', 'TMPDIR']);
    expect(variables).toContain('PATH=/nonexistent');
  });

  test('with the files of the unit, byte for byte, and no others (S-027)', async () => {
    const script = `cd ..; for f in $(/usr/bin/find . -type f -o -type l | /usr/bin/sort); do echo "$f" >&2; done; /bin/cat base/l.yaml >&2; exit 1`;
    const { errors } = await read(await programOf(script));
    expect(errors[0]?.error.message.split('\n').slice(2)).toEqual([
      './app/a.yaml',
      './app/kustomization.yaml',
      './base/b.yaml',
      './base/kustomization.yaml',
      './base/l.yaml',
      ...configMap('b').trimEnd().split('\n'),
    ]);
  });

  test('leaves no file behind, whatever it writes and however it ends', async () => {
    for (const end of ['exit 0', 'exit 1', 'kill -9 $$']) {
      const { directory } = await read(
        await programOf(`/bin/mkdir -p x/y; echo >x/y/z; echo >"$HOME/a"; /bin/chmod 0500 x/y; ${end}`),
      );
      await until('no file is left', async () => (await readdir(directory)).length === 0);
    }
  });

  test('its folder is emptied at the first run, and removed at the end', async () => {
    const { kustomize, directory } = open(await programOf(GOOD));
    await mkdir(join(directory, '1', 'files', 'old'), { recursive: true });
    expect(await kustomize.build('', NO_FILES, LIMITS)).toMatchObject({ kind: 'built' });
    await kustomize.close();
    expect(await readdir(parent)).toEqual(['kustomize']);
  });

  test('for one unit beside another', async () => {
    const files = { ...FILES, 'other/kustomization.yaml': 'namespace: other\n' };
    const script = `case $(pwd) in */other) echo no >&2; exit 1;; esac; ${GOOD}`;
    const { names, errors } = await read(await programOf(script), { files });
    expect(names).toEqual(['good']);
    expect(errors).toMatchObject([
      { file: 'other/kustomization.yaml', unit: 'other/kustomization.yaml', error: { code: 'kustomize/failed' } },
    ]);
  });
});

describe('what fails is named', () => {
  const messageOf = async (script: string, options = {}) => {
    const { names, errors, unsettled } = await read(await programOf(script), options);
    expect({ names, unsettled, units: errors.map(({ file, unit }) => [file, unit]) }).toEqual({
      names: [],
      unsettled: true,
      units: [[K, K]],
    });
    const [first] = errors;
    return { code: first?.error.code, message: first?.error.message ?? '' };
  };

  test('by its own words, without private paths, and of those the end', async () => {
    const script = `i=0; while [ $i -lt 30 ]; do echo "line $i in $(pwd -P)/a.yaml" >&2; i=$((i+1)); done; exit 3`;
    const { code, message } = await messageOf(script);
    const shown = Array.from({ length: 20 }, (_, n) => `line ${n + 10} in app/a.yaml`);
    expect([code, message.split('\n')]).toEqual([
      'kustomize/failed',
      ['kustomize build failed: exit status 3', 'error output:', ...shown],
    ]);
  });

  test('not with the folder itself, in quotes or at the end of a line', async () => {
    const { message } = await messageOf(`echo "at '$(pwd -P)' and $(cd ..; pwd -P)" >&2; echo "in $(cd ..; pwd -P)" >&2; exit 1`);
    expect(message).not.toContain(parent);
  });

  test('without secrets of addresses, and control characters', async () => {
    const { message } = await messageOf(`echo 'https://user:hunter2@host/' >&2; exit 1`);
    expect(message).not.toContain('hunter2');
  });

  test.each<[what: string, script: string, code: string, message: RegExp]>([
    ['killed', 'kill -9 $$', 'kustomize/failed', /^kustomize build failed: signal SIGKILL$/],
    ['killed after half of the output', 'echo "apiVersion: v1"; kill -9 $$', 'kustomize/failed', /SIGKILL/],
    ['a failure after all output', `${GOOD}\nexit 1`, 'kustomize/failed', /exit status 1/],
    ['no output', 'exit 0', 'kustomize/empty-output', /^kustomize built no object$/],
    ['a comment', 'echo "# nothing"', 'kustomize/empty-output', /no object/],
    ['empty documents', 'printf -- "---\\n---\\n"', 'kustomize/empty-output', /no object/],
    ['too much to read', '/usr/bin/head -c 17000000 /dev/zero', 'kustomize/too-much-output', /more than 16 MiB/],
    ['output without end', '/usr/bin/yes', 'kustomize/too-much-output', /more than 16 MiB/],
  ])('%s', async (_, script, code, message) => {
    const failure = await messageOf(script);
    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(message);
  });

  test.each([
    ['garbage', '/usr/bin/head -c 1000 /dev/urandom | /usr/bin/base64; echo "}: ["'],
    ['half of a document', 'printf "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: "'],
    ['half of a document behind a good one', `${GOOD}\necho ---; echo 'kind: "'`],
    ['HTML', 'echo "<!DOCTYPE html><html><body>502</body></html>"'],
    ['NULs', '/usr/bin/head -c 100 /dev/zero'],
    ['bytes that are no text', 'printf "\\377\\376\\375"'],
  ])('%s', async (_, script) => {
    expect((await messageOf(script)).code).toBe('kustomize/bad-output');
  });

  test('a time that is over, with children that ignore signals (S-041)', async () => {
    const script = `trap '' TERM INT HUP; (trap '' TERM; while :; do /bin/sleep 1; done) & echo started >&2; while :; do /bin/sleep 1; done`;
    const { code, message } = await messageOf(script, { timeoutMs: 1_000 });
    expect([code, message]).toEqual([
      'kustomize/timed-out',
      'kustomize build failed: it exceeded the limit of time, 1 s\nerror output:\nstarted',
    ]);
  });

  test('a time that is over, with closed output', async () => {
    expect((await messageOf('exec >&- 2>&-; while :; do /bin/sleep 1; done', { timeoutMs: 1_000 })).code).toBe(
      'kustomize/timed-out',
    );
  });

  test('memory beyond its limit', async () => {
    const script = `exec ${process.execPath} -e "const all = []; for (;;) all.push(Buffer.alloc(1 << 24, 1))"`;
    expect((await messageOf(script)).message).toMatch(/^kustomize build failed: it exceeded the limit of memory, 512 MiB/);
  });

  test('no program', async () => {
    const { errors } = await read(undefined);
    expect(errors).toMatchObject([
      { file: K, error: { code: 'kustomize/not-found', message: 'there is no kustomize on the PATH' } },
    ]);
  });

  test('a program that is gone, or cannot be run', async () => {
    const gone = await read(join(parent, 'gone'));
    expect(gone.errors).toMatchObject([
      { file: K, error: { code: 'sandbox/failed', message: `${join(parent, 'gone')} cannot be started` } },
    ]);
    const path = await programOf(GOOD);
    await chmod(path, 0o644);
    expect((await read(path)).errors).toMatchObject([{ file: K, error: { code: 'sandbox/failed' } }]);
  });

  test('an aborted signal ends a build with its reason, and the next one works', async () => {
    const flag = join(parent, 'started');
    const { kustomize } = open(await programOf(`[ -e ${flag} ] && exec ${GOOD}\n: >${flag}; while :; do /bin/sleep 1; done`));
    const controller = new AbortController();
    const reason = new Error('not needed any more');
    const running = kustomize.build('', NO_FILES, { ...LIMITS, signal: controller.signal });
    const ended = expect(running).rejects.toBe(reason);
    await until('it has started', () => existsSync(flag));
    controller.abort(reason);
    await ended;
    expect(await kustomize.build('', NO_FILES, LIMITS)).toMatchObject({ kind: 'built' });
  });
});

const file = (path: string, content = new Uint8Array()) => ({ path, content });
const filesOf =
  (...files: ReturnType<typeof file>[]) =>
  () =>
    Promise.resolve({ files, links: [] });

describe('files that cannot be written', () => {
  test.each([
    ['a name that is too long', filesOf(file(`app/${'x'.repeat(300)}`)), 'ENAMETOOLONG'],
    ['a path that is too long', filesOf(file(`${'d/'.repeat(3000)}x`)), 'ENAMETOOLONG'],
    ['a file where a folder is', filesOf(file('a/b'), file('a')), 'EEXIST'],
    ['a folder where a file is', filesOf(file('a'), file('a/b')), 'ENOTDIR'],
  ])('fail the build and nothing else: %s', async (_, files, errno) => {
    const { kustomize, directory } = open(await programOf(GOOD));
    const error = await kustomize.build('', files, LIMITS).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'FluxError', code: 'kustomize/not-written', fault: 'user', cause: expect.any(Error) });
    expect(error).toMatchObject({ message: expect.stringMatching(new RegExp(`: (?:${errno}|EEXIST)$`)) });
    expect(await readdir(directory)).toEqual([]);
    expect(await kustomize.build('', NO_FILES, LIMITS)).toMatchObject({ kind: 'built' });
  });

  test('a directory that could not be made is made by the next build', async () => {
    const blocked = join(parent, 'blocked');
    await writeFile(blocked, '');
    const { kustomize } = open(await programOf(GOOD), { memoryDirectory: join(blocked, 'own') });
    await expect(kustomize.build('', NO_FILES, LIMITS)).rejects.toMatchObject({ code: 'kustomize/not-written' });
    await rm(blocked);
    expect(await kustomize.build('', NO_FILES, LIMITS)).toMatchObject({ kind: 'built' });
  });
});

test('two builds run at once, and only their files are asked for', async () => {
  const go = join(parent, 'go');
  const { kustomize } = open(await programOf(`while ! [ -e ${go} ]; do /bin/sleep 0.05; done; ${GOOD}`));
  const asked: number[] = [];
  const builds = [0, 1, 2, 3].map((n) =>
    kustomize.build(
      '',
      async () => {
        asked.push(n);
        return NO_FILES();
      },
      LIMITS,
    ),
  );
  await until('two are asked for', () => asked.length >= 2);
  for (let turn = 0; turn < 50; turn += 1) await yieldTurn();
  expect(asked).toEqual([0, 1]);
  await writeFile(go, '');
  expect((await Promise.all(builds)).map(({ kind }) => kind)).toEqual(['built', 'built', 'built', 'built']);
  expect(asked).toEqual([0, 1, 2, 3]);
});

test('large files are written in turns of the event loop', async () => {
  const { kustomize } = open(await programOf(GOOD));
  let turn = 0;
  let ticking = true;
  const tick = () => {
    turn += 1;
    if (ticking) setImmediate(tick);
  };
  tick();
  const seen = new Set<number>();
  const bytes = new Uint8Array(4 << 20);
  const large = [0, 1, 2, 3, 4].map((n) => ({
    path: `large-${n}`,
    get content() {
      seen.add(turn);
      return bytes;
    },
  }));
  await kustomize.build('', async () => ({ files: large, links: [] }), LIMITS);
  ticking = false;
  expect(seen.size).toBeGreaterThanOrEqual(5);
});

test('close ends builds, also those that wait, refuses others, and leaves nothing', async () => {
  const flag = join(parent, 'started');
  const { kustomize } = open(await programOf(`: >${flag}; while :; do /bin/sleep 1; done`));
  const builds = Promise.allSettled([0, 1, 2].map(() => kustomize.build('', NO_FILES, LIMITS)));
  await until('one has started', () => existsSync(flag));
  await kustomize.close();
  expect((await readdir(parent)).sort()).toEqual(['kustomize', 'started']);
  const closed = { status: 'rejected', reason: expect.objectContaining({ code: 'kustomize/closed' }) };
  expect(await builds).toEqual([closed, closed, closed]);
  await expect(kustomize.build('', NO_FILES, LIMITS)).rejects.toMatchObject({ code: 'kustomize/closed' });
  expect((await readdir(parent)).sort()).toEqual(['kustomize', 'started']);
});

/** Ways in which a build can be lost. */
const LOSSES = {
  killed: 'kill -9 $$',
  hanging: 'while :; do /bin/sleep 1; done',
  garbage: 'echo "}: ["',
  'half of a document': 'printf "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: "',
  'no output': 'exit 0',
  HTML: 'echo "<html>502</html>"',
  failing: 'exit 1',
};

describe('each build lost once, in each way: the others are there at once, and all after it is tried again', () => {
  const units = ['a', 'b', 'c'];
  const files = Object.fromEntries(units.map((unit) => [`${unit}/kustomization.yaml`, `namespace: ${unit}\n`]));
  const losses = units.flatMap((unit) => Object.entries(LOSSES).map(([way, script]) => [way, unit, script] as const));

  test.each(sampled('losses of kustomize', losses, 7))('%s, of unit %s', async (way, unit, script) => {
    const flag = join(parent, 'lost');
    const program = await programOf(
      `unit=$(/usr/bin/basename $(pwd))\nif [ $unit = ${unit} ] && ! [ -e ${flag} ]; then : >${flag}; ${script}; exit; fi\n` +
        'printf "apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: $unit}\\n"',
    );
    let now = 0;
    const clock = { ...systemClock, monotonic: () => now };
    const { manifests } = open(program, { timeoutMs: way === 'hanging' ? 1_000 : TIMEOUT_MS, clock });
    const { files: listed, blob } = revisionOf(files);
    const attempt = async () => {
      const { manifests: found, errors } = await manifests.read(listed, blob);
      return { names: found.map(({ object }) => object.metadata.name), failed: [...new Set(errors.map(({ file }) => file))] };
    };
    const lost = { names: units.filter((each) => each !== unit), failed: [`${unit}/kustomization.yaml`] };
    expect(await attempt()).toEqual(lost);
    // Not before its time.
    expect(await attempt()).toEqual(lost);
    now += 601_000;
    expect(await attempt()).toEqual({ names: units, failed: [] });
  });
});
