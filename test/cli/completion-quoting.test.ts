import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SCRIPTS } from '../../src/cli/completion/scripts.ts';
import { havePart } from '../support/part.ts';
import { until } from '../support/until.ts';

/** What a daemon may call its workloads. Each begins with a prefix of its own, which is what is typed. */
const NAMES = [
  'shop:deployment/cart',
  'n1:deployment/$(touch pwned)',
  'n2:deployment/`touch pwned`',
  'n3:deployment/x;touch pwned',
  'n4:deployment/x&touch pwned',
  'n5:deployment/x|touch pwned',
  'n6:deployment/x>pwned',
  `n7:deployment/'x"y`,
  'n8:deployment/a b\\c',
  'n9:deployment/$x$\x7bx:=y}',
  'na:deployment/x,y*?[z]~{1,2}',
  'nb:deployment/!!#%=^',
];

/** How each shell begins a session with the script, as a person types. */
const SHELLS: Readonly<Record<string, { readonly start: string; readonly setUp: string }>> = {
  bash: { start: 'bash --norc --noprofile -i', setUp: 'set +H; source ./script' },
  zsh: { start: 'zsh -f -i', setUp: 'unsetopt BANG_HIST; autoload -Uz compinit; compinit -u -D; source ./script' },
  fish: { start: 'fish --no-config -i', setUp: 'source ./script' },
};

/** In place of fluxctl: completes the last word by the names, and writes down what it is called with otherwise. */
const PROGRAM = `#!/bin/sh
if [ "$1" = __complete ]; then
  for last; do :; done
  while IFS= read -r name; do case $name in "$last"*) printf '%s\\tworkload\\n' "$name" ;; esac; done < names
else
  for last; do :; done
  printf %s "$last" > called.new && mv called.new called
fi
`;

const isThere = (program: string) => spawnSync(program, ['--version']).error === undefined;
const haveTerminal = havePart('script, of util-linux', isThere('script'));

describe.each(Object.entries(SHELLS))('S-080: %s', (shell, { start, setUp }) => {
  describe.runIf(haveTerminal && havePart(shell, isThere(shell)))('puts a name into the command line as one word', () => {
    let directory: string;
    let output = '';
    let terminal: ReturnType<typeof spawn>;
    const type = (text: string) => terminal.stdin?.write(text);

    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'completion-'));
      mkdirSync(join(directory, 'bin'));
      writeFileSync(join(directory, 'bin/fluxctl'), PROGRAM);
      chmodSync(join(directory, 'bin/fluxctl'), 0o755);
      writeFileSync(join(directory, 'script'), SCRIPTS[shell] ?? '');
      terminal = spawn('script', ['-qec', start, '/dev/null'], {
        cwd: directory,
        env: { PATH: `${join(directory, 'bin')}:${process.env.PATH}`, HOME: directory, TERM: 'dumb', LANG: 'C.UTF-8' },
      });
      terminal.stdout?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      type(`${setUp}; echo rea''dy\r`);
      await until('the shell is ready', () => output.includes('ready'));
    });
    afterAll(async () => {
      terminal.kill('SIGKILL');
      await once(terminal, 'close');
      rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
    });

    test.each(NAMES)('%s', async (name) => {
      onTestFinished(() => rmSync(join(directory, 'called'), { force: true }));
      writeFileSync(join(directory, 'names'), `${name}\n`);
      type(`fluxctl lock --workload ${name.slice(0, 3)}\t\r`);
      await until(`fluxctl is called; so far: ${output.slice(-300)}`, () => existsSync(join(directory, 'called')));
      expect(readFileSync(join(directory, 'called'), 'utf8')).toBe(name);
      expect(existsSync(join(directory, 'pwned'))).toBe(false);
    });
  });
});
