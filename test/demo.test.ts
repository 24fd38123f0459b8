import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { run, start } from './e2e/harness/process.ts';
import { until } from './e2e/harness/until.ts';
import { thorough } from './support/sampled.ts';

/** What the demo tells people to type, without its comments. */
function printedCommands(output: string): readonly string[] {
  const invitation = output.slice(output.indexOf('In another terminal:'));
  return invitation.split('\n').flatMap((line) => /^ {3}((?:export|alias|fluxctl|git) .*?)(?:\s+#.*)?$/.exec(line)?.[1] ?? []);
}

test.runIf(thorough('the demo, and the commands that it prints'))(
  'the commands that the demo prints work as they are printed, from the directory of the project',
  async () => {
    const home = mkdtempSync(join(tmpdir(), 'flux-demo-home-'));
    const demo = start(process.execPath, ['bin/demo.ts'], { env: { HOME: home } });
    onTestFinished(async () => {
      demo.kill('SIGKILL');
      await demo.exited;
      rmSync(home, { recursive: true, force: true });
    });
    await until('the demo invites to try it', () => demo.output().includes('Ctrl-C ends.') || !demo.running());
    const [exports = '', alias = '', ...commands] = printedCommands(demo.output());
    expect(exports, demo.output()).toMatch(/^export FLUX_URL=\S+ KUBECONFIG=\S+$/);
    expect(alias).toMatch(/^alias fluxctl='\S+ \S+'$/);
    const settings = `${exports}\n${alias}`;
    expect(commands.map((command) => /(?:fluxctl|git) (?:-C \S+ )?([\w-]+)/.exec(command)?.[1])).toEqual([
      'list-workloads',
      'list-images',
      'ui',
      'commit',
      'release',
    ]);

    const clone = /git -C (\S+)/.exec(commands.join('\n'))?.[1] ?? '';
    for (const command of commands) {
      if (command.includes(' commit ')) {
        const file = join(clone, 'shop/settings.yaml');
        writeFileSync(file, readFileSync(file, 'utf8').replace('Good morning', 'Good evening'));
      }
      const { code, stdout, stderr } = await run('sh', ['-c', `${settings}\n${command}`], { env: { HOME: home } });
      // The sample holds one mistake, which fluxctl sync names and exits 1 for.
      const refused = command.endsWith('fluxctl sync');
      expect(code, `${command}\n${stdout}${stderr}`).toBe(refused ? 1 : 0);
      if (refused) expect(stdout).toContain('error shop/broken.yaml');
    }
    demo.kill('SIGINT');
    await demo.exited;
    expect(existsSync(clone)).toBe(false);
  },
);
