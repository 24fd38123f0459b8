import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { CommandOutcome } from '../../../src/repository/index.ts';
import { command, type Entry, executable, runOf } from '../command-files.ts';
import type { Attack } from './attacks.ts';
import { BUILT, type Sandbox, USER } from './helper.ts';
import { plant, SECRET } from './planted.ts';
import { startVictim } from './victim.ts';
import { watching } from './watch.ts';

/** A sandbox with what attacks may find around it. */
export interface Trial {
  /** Files of a repository, with the hostile program. */
  entries(): Readonly<Record<string, string | Entry>>;
  /** What an attack achieves as a command of the repository, in words. */
  confined(attack: Attack): Promise<readonly string[]>;
  /** And for the same user, beside the helper. */
  unconfined(attack: Attack): Promise<readonly string[]>;
  /** The sandbox works, and nothing runs in it. */
  isWell(): Promise<void>;
  close(): Promise<void>;
}

export async function openTrial(sandbox: Sandbox): Promise<Trial> {
  const planted = await plant(sandbox);
  const program = await readFile(join(BUILT, 'attack'));
  const entries = () => ({ 'a.yaml': 'kind: A\n', attack: executable(program) });

  /** Lets an attack run, and says what it has achieved, judged from outside; a claim of the attack itself counts too. */
  async function achieved(run: (environment: Readonly<Record<string, string>>) => Promise<string>): Promise<readonly string[]> {
    const victim = await startVictim(sandbox);
    const environment = { ...planted.environment, VICTIM: String(victim.pid) };
    const [text, seen] = await watching(sandbox, run(environment));
    const found = [...seen.escapes, ...(await victim.changes()), ...(await planted.changes()), ...(await ipcLeft())];
    for (const [mark, what] of [
      [SECRET, 'the secret was given out'],
      ['ESCAPED', 'the kernel let it'],
      ['LEFT-BEHIND', 'something was left behind'],
    ] as const) {
      if (text.includes(mark)) found.push(what);
    }
    return found;
  }

  async function confined(attack: Attack, environment: Readonly<Record<string, string>>): Promise<string> {
    const options = { entries: entries(), writable: attack.writable ?? false };
    const run = (texts: readonly string[]) =>
      sandbox.runner.run(
        runOf(
          texts.map((text) => command(text, { environment, timeoutMs: 20_000 })),
          options,
        ),
      );
    const first = textOf(await run(attack.commands));
    return attack.next === undefined ? first : `${first}\n${textOf(await run([attack.next]))}`;
  }

  async function unconfined(attack: Attack, environment: Readonly<Record<string, string>>): Promise<string> {
    const inside = '/tmp/unconfined';
    const outside = `/proc/${sandbox.pid}/root${inside}`;
    const folders = { files: join(inside, 'files'), home: join(inside, 'home'), tmp: join(inside, 'tmp') };
    await mkdir(outside);
    for (const name of Object.keys(folders)) await mkdir(join(outside, name));
    await writeFile(join(outside, 'files/a.yaml'), 'kind: A\n');
    await writeFile(join(outside, 'files/attack'), program, { mode: 0o755 });
    for (const path of ['', 'files', 'home', 'tmp', 'files/a.yaml', 'files/attack']) await chown(join(outside, path), USER, USER);
    let text = '';
    for (const each of [...attack.commands, ...(attack.next === undefined ? [] : [attack.next])]) {
      const child = sandbox.beside(USER, ['sh', '-c', `cd ${folders.files} || exit; ${each}`], {
        ...environment,
        HOME: folders.home,
        TMPDIR: folders.tmp,
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
      }
      await once(child, 'exit');
      // What it left holds the pipes, and is ended here as the helper does there.
      await sandbox.kill('attack');
      if (!child.stdout?.closed) await once(child, 'close');
    }
    if (attack.writable) {
      for (const name of await readdir(join(outside, 'files'))) {
        if (name !== 'attack') text += await readFile(join(outside, 'files', name), 'utf8').catch(() => '');
      }
    }
    await rm(outside, { recursive: true, force: true });
    return text;
  }

  async function isWell(): Promise<void> {
    expect(await sandbox.runner.run(runOf('cat a.yaml', { entries: entries() }))).toMatchObject({
      kind: 'succeeded',
      outputs: [Buffer.from('kind: A\n')],
    });
    expect(await sandbox.others()).toEqual([]);
    expect(sandbox.runner.layers()).toMatchObject({ kind: 'container' });
  }

  return {
    entries,
    confined: (attack) => achieved((environment) => confined(attack, environment)),
    unconfined: (attack) => achieved((environment) => unconfined(attack, environment)),
    isWell,
    close: () => planted.stop(),
  };
}

/** Everything that a run has given out. */
function textOf(outcome: CommandOutcome): string {
  if (outcome.kind === 'failed') return outcome.stderr;
  const changed = outcome.changed.map((file) => (file.kind === 'written' ? `${file.path}: ${file.content}` : file.path));
  return [...outcome.outputs.map(String), ...changed].join('\n');
}

/** Key of the IPC that attacks leave; the kernel lists it for all processes of the namespace. */
const IPC_KEY = 0x464c5558;

async function ipcLeft(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [kind, option] of [
    ['shm', '-M'],
    ['sem', '-S'],
    ['msg', '-Q'],
  ] as const) {
    if (!new RegExp(`^\\s*${IPC_KEY}\\s`, 'm').test(await readFile(`/proc/sysvipc/${kind}`, 'utf8'))) continue;
    found.push(`${kind} was left behind`);
    await promisify(execFile)('ipcrm', [option, String(IPC_KEY)]);
  }
  return found;
}
