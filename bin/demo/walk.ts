import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mustRun, type Ran, run } from './process.ts';
import type { Terminal } from './terminal.ts';
import type { World } from './world.ts';

const CART = '/apis/apps/v1/namespaces/shop/deployments/cart';
const SETTINGS = '/api/v1/namespaces/shop/configmaps/settings';
const WITHIN_MS = 60_000;

/** The main job, step by step; throws at the first check that fails. */
export async function walk(world: World, terminal: Terminal): Promise<void> {
  const { clone, registry, api, outputFile } = world;
  const git = (...args: readonly string[]) => mustRun('git', args, { cwd: clone, outputFile });
  const fluxctl = (...args: readonly string[]) =>
    run(process.execPath, [join(import.meta.dirname, '../../dist/fluxctl.js'), '--url', api, ...args], { outputFile });

  await firstSync();
  await personsCommit();
  await newImage();
  await badImage();
  await drift();

  async function firstSync(): Promise<void> {
    terminal.heading('The first sync');
    terminal.text('   A repository of 9 good objects and one mistake. fluxd says:');
    terminal.output((await readFile(world.daemonLog, 'utf8')).split('\n').flatMap(logLine).join('\n'));
    const sync = await show('fluxctl sync');
    expect(
      sync.code === 1 && sync.output.includes('shop/broken.yaml'),
      'the mistake is reported with file and line, and fluxctl sync exits 1',
    );
    const paths = [
      CART,
      SETTINGS,
      '/api/v1/namespaces/shop/services/cart',
      '/apis/apps/v1/namespaces/shop/deployments/payments',
      '/apis/apps/v1/namespaces/blog/deployments/blog',
      '/apis/blog.example.com/v1/namespaces/blog/feeds/news',
    ];
    const found = await Promise.all(paths.map((path) => world.get(path)));
    expect(
      found.every((object) => object !== undefined),
      'everything else runs, including a custom resource and its definition from one commit',
    );
    await show('fluxctl list-workloads --all-namespaces');
  }

  async function personsCommit(): Promise<void> {
    terminal.heading('A person commits');
    const file = join(clone, 'shop/settings.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('Welcome to the shop', 'Good morning'));
    terminal.command('git commit --all --message "Greet politely" && git push');
    await git('commit', '--quiet', '--all', '--message', 'Greet politely');
    await git('push', '--quiet');
    await show('fluxctl sync');
    expect(
      (await world.get(SETTINGS))?.data?.GREETING === 'Good morning',
      'the ConfigMap in the cluster has changed; nothing else was touched',
    );
  }

  async function newImage(): Promise<void> {
    terminal.heading('A new image appears');
    const before = (await git('rev-parse', 'HEAD')).trim();
    terminal.command(`docker push ${registry.host}/shop/cart:1.3.0`);
    registry.pushImage({ repository: 'shop/cart', tag: '1.3.0', created: new Date() });
    const image = `${registry.host}/shop/cart:1.3.0`;
    await until('Flux commits the new tag', async () => {
      await git(
        'fetch',
        '--quiet',
        'origin',
        '+refs/heads/main:refs/remotes/origin/main',
        '+refs/notes/*:refs/notes/*',
        '+refs/tags/*:refs/tags/*',
      );
      return (await git('rev-parse', 'origin/main')).trim() !== before;
    });
    terminal.command('git pull && git show --format="%an: %s" --unified=0');
    await git('merge', '--quiet', '--ff-only', 'origin/main');
    const shown = await git('show', '--format=%an: %s', '--unified=0');
    terminal.output(shown);
    const changed = shown.split('\n').filter((line) => /^[+-](?![+-])/.test(line));
    expect(
      changed.length === 2 && changed[1]?.includes('shop/cart:1.3.0 # changed by Flux, this comment stays') === true,
      'one line changed, and its comment is still there',
    );
    expect((await git('rev-list', '--count', `${before}..origin/main`)).trim() === '1', 'exactly one commit');
    terminal.command('git notes --ref=flux show');
    const note = await git('notes', '--ref=flux', 'show');
    terminal.output(note);
    expect(note.includes(image), 'its note records what was updated, and why');
    await until('the new image runs', () => runs(image));
    expect(true, 'the Deployment runs it, and both replicas are ready');
    await tagFollows();
    expect(true, 'the tag flux-sync points to the commit');
  }

  async function badImage(): Promise<void> {
    terminal.heading('A bad image appears');
    const before = (await git('rev-parse', 'HEAD')).trim();
    terminal.command(`docker push ${registry.host}/shop/cart:1.4.0    # its program ends with exit code 1`);
    registry.pushImage({ repository: 'shop/cart', tag: '1.4.0', created: new Date(), environment: ['EXIT_CODE=1'] });
    await until('Flux reverts it', async () => {
      await git('fetch', '--quiet', 'origin', '+refs/heads/main:refs/remotes/origin/main');
      return (await git('log', '--format=%s', `${before}..origin/main`)).includes('Revert image update');
    });
    terminal.command('git pull && git log --reverse --format="%an: %s%n%n%b" -2');
    await git('merge', '--quiet', '--ff-only', 'origin/main');
    terminal.output((await git('log', '--reverse', '--format=%an: %s%n%n%b', '-2')).trim());
    const file = await readFile(join(clone, 'shop/cart.yaml'), 'utf8');
    expect(
      file.includes('fluxcd.io/ban.cart: 1.4.0') && file.includes('shop/cart:1.3.0 # changed by Flux, this comment stays'),
      'the image before is back, and 1.4.0 is banned; a newer one would be taken',
    );
    await until('the image before runs', () => runs(`${registry.host}/shop/cart:1.3.0`));
    await tagFollows();
    const why = await show('fluxctl why shop:deployment/cart');
    expect(
      why.output.startsWith('shop:deployment/cart is not updated: automation reverted the update to 1.4.0'),
      'fluxctl why explains it',
    );
  }

  async function drift(): Promise<void> {
    terminal.heading('A manual change in the cluster');
    terminal.command('kubectl --namespace shop edit deployment cart    # replicas: 2 becomes 7');
    const logged = (await readFile(world.daemonLog, 'utf8')).length;
    await world.edit(CART, { spec: { replicas: 7 } });
    const edited = performance.now();
    await until('the edit is undone', async () => (await world.get(CART))?.spec?.replicas === 2);
    const seconds = (performance.now() - edited) / 1000;
    expect(true, `reverted to the state in Git after ${seconds.toFixed(1)} s, without a request`);
    let lines = '';
    await until('the daemon says so', async () => {
      lines = (await readFile(world.daemonLog, 'utf8')).slice(logged).split('\n').flatMap(logLine).join('\n');
      return lines !== '';
    });
    terminal.text('   fluxd says:');
    terminal.output(lines);
    expect(lines.includes('kubectl-edit: spec.replicas'), 'the log names the field and its editor');
  }

  /** Whether both replicas of the Deployment run an image. */
  async function runs(image: string): Promise<boolean> {
    const cart = await world.get(CART);
    const isInSpec = cart?.spec?.template?.spec?.containers?.[0]?.image === image;
    return isInSpec && cart?.status?.updatedReplicas === 2 && cart.status.readyReplicas === 2;
  }

  async function tagFollows(): Promise<void> {
    await until('the sync tag follows', async () => {
      await git('fetch', '--quiet', '--force', 'origin', '+refs/tags/*:refs/tags/*');
      return (await git('rev-parse', 'flux-sync^{commit}')) === (await git('rev-parse', 'origin/main'));
    });
  }

  async function show(command: string): Promise<Ran> {
    terminal.command(command);
    const ran = await fluxctl(...command.split(' ').slice(1));
    terminal.output(ran.output);
    return ran;
  }

  function expect(holds: boolean, what: string): void {
    if (!holds) throw new Error(`the demo failed: check did not hold: ${what}`);
    terminal.verified(what);
  }
}

/** The lines of the daemon's log about the sync, without time and level. */
function logLine(line: string): string[] {
  const match = /component=sync msg="([^"]+)" (?:file|resource)=(.*)$/.exec(line);
  return match ? [`${match[1]}: ${match[2]?.replace(/ help=.*/, '')}`] : [];
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`the demo failed: timed out after ${WITHIN_MS / 1000} s: ${what}`);
    await sleep(100);
  }
}
