import { describe, expect, test } from 'vitest';
import type { Manifests } from '../../../src/manifests/index.ts';
import { failureOf } from '../../git/support/repository.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { sampled, thorough } from '../../support/sampled.ts';
import { createTestLog } from '../../support/test-log.ts';
import { deployment, look, openWorld, SYNC_SET } from './world.ts';

const CART = { workload: 'shop:deployment/cart', container: 'cart' };
const IS_THOROUGH = thorough('proposals with labels, people, several branches');
const CLOSED = '0 9 * * mon-fri / 8h / UTC';

function release(tag: string) {
  const update = { Container: 'cart', Current: 'acme/cart:1.0.0', Target: `acme/cart:${tag}` };
  const result = { [CART.workload]: { Status: 'success', PerContainer: [update] } } as const;
  return { jobId: 'job-7', result, message: `Release acme/cart:${tag} to ${CART.workload}`, author: '' };
}

describe('an image that automation found', () => {
  test('is one commit on a branch and one request, updated in place, and gone once it is merged', async () => {
    const world = await openWorld();
    const proposals = world.start();
    await look(world, proposals);
    expect(proposals.areAny()).toBe(false);
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    const request = { name: '#12', url: expect.stringContaining('/pulls/12') };
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toEqual({ state: 'open', branch: 'flux-updates', request });
    expect(proposals.of({ ...CART, target: 'acme/cart:1.2.0' })).toBeUndefined();
    expect(world.remote.git('log', '--format=%s', 'main..flux-updates')).toBe('Auto-release acme/cart:1.1.0');

    await world.tag('mail', '1.1.0');
    await look(world, proposals);
    expect(world.imitation.pulls).toMatchObject([{ number: 12, title: 'Update 2 images', labels: ['flux'], autoMerge: true }]);
    expect(world.remote.git('rev-list', '--count', 'main..flux-updates')).toBe('1');

    world.merge();
    await look(world, proposals);
    expect(world.has('flux-updates')).toBe(false);
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toBeUndefined();
    expect(world.imitation.pulls).toMatchObject([{ number: 12, state: 'merged' }]);
  });

  test('is rebuilt when the followed branch moves, and not pushed when nothing does', async () => {
    const world = await openWorld();
    const proposals = world.start();
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    const before = world.remote.git('rev-parse', 'flux-updates');
    const asked = world.imitation.log.length;
    await look(world, proposals);
    expect(world.remote.git('rev-parse', 'flux-updates')).toBe(before);
    expect(world.imitation.log).toHaveLength(asked);
    const moved = world.remote.commit({ 'more.yaml': deployment('more', '1', '{}') });
    await look(world, proposals);
    expect(world.remote.git('rev-parse', 'flux-updates^')).toBe(moved);
    expect(world.remote.git('rev-list', '--count', 'main..flux-updates')).toBe('1');
  });

  test('is not proposed again on a head that has moved meanwhile, as when people have just merged it', async () => {
    const world = await openWorld();
    const proposals = world.start();
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    const found = await world.found();
    const head = await world.source.fetch();
    world.merge();
    world.remote.git('update-ref', '-d', 'refs/heads/flux-updates');
    expect(await failureOf(proposals.automate(head, found))).toMatchObject({ code: 'git/push-raced', expected: true });
    expect(world.has('flux-updates')).toBe(false);
    await look(world, proposals);
    expect(world.has('flux-updates')).toBe(false);
    expect(world.imitation.pulls).toMatchObject([{ number: 12, state: 'merged' }]);
  });

  test('is not pushed over a branch that keeps what was removed from the followed one meanwhile', async () => {
    const world = await openWorld();
    const proposals = world.start();
    const theirs = world.remote.commit({ 'by-ann.yaml': deployment('by-ann', '1', '{}') });
    await world.tag('cart', '1.1.0');
    const found = await world.found();
    const head = await world.source.fetch();
    world.remote.git('update-ref', 'refs/heads/flux-updates', theirs);
    world.remote.git('update-ref', 'refs/heads/main', `${theirs}^`);
    expect(await failureOf(proposals.automate(head, found))).toMatchObject({ code: 'git/push-raced' });
    await look(world, proposals);
    expect(world.remote.git('rev-parse', 'flux-updates')).toBe(theirs);
  });

  test('stays proposed while a window is closed, over a restart, and is withdrawn when it is banned', async () => {
    const world = await openWorld();
    await world.tag('cart', '1.1.0');
    await look(world, world.start());
    const proposals = world.start();
    await look(world, proposals, CLOSED);
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toMatchObject({ state: 'open' });
    world.remote.commit({
      'cart.yaml': deployment('cart', '1.0.0', "{fluxcd.io/automated: 'true', fluxcd.io/ban.cart: '1.1.0'}"),
    });
    await look(world, proposals, CLOSED);
    expect(world.has('flux-updates')).toBe(false);
    expect(world.imitation.pulls).toMatchObject([{ number: 12, state: 'closed' }]);
  });

  test('is not proposed again once people closed its request, and the next one is', async () => {
    const clock = new ManualClock();
    const world = await openWorld({ clock });
    const proposals = world.start();
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    const [pull] = world.imitation.pulls;
    if (pull) pull.state = 'closed';
    const tip = world.remote.git('rev-parse', 'flux-updates');
    for (let time = 0; time < 2; time += 1) {
      clock.advance(6 * 60_000);
      await look(world, proposals);
    }
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toMatchObject({ state: 'closed' });
    world.remote.commit({ 'more.yaml': deployment('more', '1', '{}') });
    await look(world, proposals);
    expect(world.remote.git('rev-parse', 'flux-updates')).toBe(tip);
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toMatchObject({ state: 'closed', request: { name: '#12' } });
    // Also where the branch was deleted, and the daemon started again.
    world.remote.git('update-ref', '-d', 'refs/heads/flux-updates');
    if (pull) pull.isBranchDeleted = true;
    await look(world, world.start());
    expect(world.imitation.pulls).toHaveLength(1);
    await world.tag('cart', '1.2.0');
    await look(world, world.start());
    expect(world.imitation.pulls).toMatchObject([{ number: 13, state: 'open' }, { number: 12 }]);
    // A person may insist.
    if (world.imitation.pulls[0]) world.imitation.pulls[0].state = 'closed';
    const again = world.start();
    expect(await again.release(await world.source.fetch(), release('1.2.0'))).toMatchObject([{ name: '#14' }]);
  });

  test('is left out of commit and request if its workload cannot be edited, and the log says so once', async () => {
    const world = await openWorld();
    const { log, lines } = await createTestLog();
    const edit: Manifests['edit'] = async (file, ...rest) => {
      if (file === 'cart.yaml') throw new Error('it is written in another way');
      return world.desired.edit(file, ...rest);
    };
    const proposals = world.start({ log, desired: { ...world.desired, edit } });
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    expect(world.has('flux-updates')).toBe(false);
    await world.tag('mail', '1.1.0');
    await look(world, proposals);
    await look(world, proposals);
    expect(world.imitation.pulls).toMatchObject([{ title: 'Update acme/mail to 1.1.0' }]);
    expect(world.imitation.pulls[0]?.body).not.toContain('acme/cart');
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toBeUndefined();
    expect(lines().filter(({ msg }) => String(msg).startsWith('images left out'))).toHaveLength(1);
  });

  test('has labels and reviewers added once, and is merged by the host wherever its branch goes', async () => {
    const world = await openWorld();
    const proposals = world.start();
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    const [pull] = world.imitation.pulls;
    if (!pull) throw new Error('there is no request');
    // A person removed the label, and the host forgot to merge it because of a push.
    Object.assign(pull, { labels: [], autoMerge: false });
    world.remote.commit({ 'more.yaml': deployment('more', '1', '{}') });
    await look(world, proposals);
    expect(pull).toMatchObject({ labels: [], autoMerge: true, state: 'open' });
    const asked = world.imitation.log.length;
    await look(world, world.start());
    // Looked up by a new daemon, and left as it is.
    expect(world.imitation.log.slice(asked).filter((line) => !line.startsWith('GET '))).toEqual([]);
  });

  test('is pushed and opened only while this daemon may write', async () => {
    const world = await openWorld();
    let isOpen = true;
    const mayWrite = () => {
      if (!isOpen) throw new Error('not the leader');
    };
    const proposals = world.start({ mayWrite });
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    isOpen = false;
    world.remote.commit({ 'cart.yaml': deployment('cart', '1.0.0', '{}') });
    expect((await failureOf(look(world, proposals))).message).toBe('not the leader');
    expect(world.imitation.pulls).toMatchObject([{ state: 'open' }]);
  });

  const groupings = [
    ['workload', ['flux-updates-shop-deployment-cart', 'flux-updates-shop-deployment-mail']],
    ['namespace', ['flux-updates-shop']],
    ['all', ['flux-updates']],
  ] as const;
  test.each(sampled('groupings of images', groupings, 1))('shares a branch per %s', async (per, branches) => {
    const world = await openWorld({ per });
    await world.tag('cart', '1.1.0');
    await world.tag('mail', '1.1.0');
    await look(world, world.start());
    expect(world.imitation.pulls.map(({ head }) => head).sort()).toEqual(branches);
    if (per === 'all') return;
    await look(world, world.start({ per: 'all' }));
    expect(world.remote.git('for-each-ref', '--format=%(refname:short)', 'refs/heads')).toBe('flux-updates\nmain');
    expect(world.imitation.pulls.map(({ state }) => state)).toEqual(['open', ...branches.map(() => 'closed')]);
  });

  test.runIf(IS_THOROUGH)('waits on its branch where fluxd opens no requests', async () => {
    const world = await openWorld({ hasHost: false });
    const proposals = world.start();
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    expect(proposals.of({ ...CART, target: 'acme/cart:1.1.0' })).toEqual({ state: 'open', branch: 'flux-updates' });
    expect(world.imitation.log).toEqual([]);
  });
});

describe('a branch of others', () => {
  test('with a commit of a person is left alone, with its request, and a release says so', async () => {
    const world = await openWorld();
    const proposals = world.start();
    await world.tag('cart', '1.1.0');
    await look(world, proposals);
    const theirs = world.remote.git('commit-tree', '-p', 'flux-updates', '-m', 'Fix', 'flux-updates^{tree}');
    world.remote.git('update-ref', 'refs/heads/flux-updates', theirs);
    await world.tag('cart', '1.2.0');
    await look(world, proposals);
    expect(world.remote.git('rev-parse', 'flux-updates')).toBe(theirs);
    expect(proposals.of({ ...CART, target: 'acme/cart:1.2.0' })).toEqual({ state: 'blocked', branch: 'flux-updates' });
    const failure = await failureOf(proposals.release(await world.source.fetch(), release('1.2.0')));
    expect(failure).toMatchObject({ code: 'pull-request/branch-taken', message: expect.stringContaining('"flux-updates"') });
    world.remote.git('update-ref', '-d', 'refs/heads/flux-updates');
    await look(world, proposals);
    expect(world.imitation.pulls).toMatchObject([{ number: 12, title: 'Update acme/cart to 1.2.0', state: 'open' }]);
  });

  test('that has nothing of this daemon is nothing to report', async () => {
    const world = await openWorld();
    const tree = world.remote.git('rev-parse', 'main^{tree}');
    const theirs = world.remote.git('commit-tree', '-p', 'main', '-m', 'By Ann', tree);
    world.remote.git('update-ref', 'refs/heads/flux-updates-by-ann', theirs);
    const { log, lines } = await createTestLog();
    await look(world, world.start({ log }));
    expect(lines().filter(({ level }) => level !== 'debug')).toEqual([]);
    expect(world.remote.git('rev-parse', 'flux-updates-by-ann')).toBe(theirs);
    expect(world.imitation.log).toEqual([]);
  });

  test.runIf(IS_THOROUGH)('of another sync set is left alone', async () => {
    const world = await openWorld();
    await world.tag('cart', '1.1.0');
    await look(world, world.start());
    const tip = world.remote.git('rev-parse', 'flux-updates');
    const another = world.start({ syncSet: 'another' });
    await world.tag('cart', '1.2.0');
    await look(world, another);
    expect(another.of({ ...CART, target: 'acme/cart:1.2.0' })).toMatchObject({ state: 'blocked' });
    expect(world.remote.git('rev-parse', 'flux-updates')).toBe(tip);
  });

  test('that has nothing yet is not deleted, unless fluxd made it', async () => {
    const world = await openWorld({ per: 'namespace' });
    world.remote.git('update-ref', 'refs/heads/flux-updates-by-ann', 'refs/heads/main');
    await look(world, world.start());
    expect(world.has('flux-updates-by-ann')).toBe(true);
  });
});

describe('a release', () => {
  test('joins what automation proposed, and stays when the branch is rebuilt, although nothing automates it', async () => {
    const files = { 'cart.yaml': deployment('cart', '1.0.0', '{}'), 'mail.yaml': deployment('mail', '1.0.0') };
    const world = await openWorld({ files });
    const proposals = world.start();
    await world.tag('mail', '1.1.0');
    await look(world, proposals);
    await world.tag('cart', '1.1.0');
    const places = await proposals.release(await world.source.fetch(), release('1.1.0'));
    expect(places).toEqual([{ branch: 'flux-updates', name: '#12', url: expect.stringContaining('/pulls/12') }]);
    expect(world.text('flux-updates')).toContain('acme/cart:1.1.0');
    expect(world.text('flux-updates', 'mail.yaml')).toContain('acme/mail:1.1.0');
    expect(world.remote.git('log', '-1', '--format=%B', 'flux-updates')).toContain(
      `Flux-Job-Id: job-7\nFlux-Sync-Set: ${SYNC_SET}\nFlux-Released: ${CART.workload}`,
    );
    world.remote.commit({ 'more.yaml': deployment('more', '1', '{}') });
    await look(world, world.start());
    expect(world.text('flux-updates')).toContain('acme/cart:1.1.0');
    expect(world.remote.git('rev-list', '--count', 'main..flux-updates')).toBe('1');
  });

  test.runIf(IS_THOROUGH)('alone has its author, also on another base, for as long as it is alone', async () => {
    const files = { 'cart.yaml': deployment('cart', '1.0.0', '{}'), 'mail.yaml': deployment('mail', '1.0.0') };
    const world = await openWorld({ files, setAuthor: true });
    await world.tag('cart', '1.1.0');
    const author = () => world.remote.git('log', '-1', '--format=%an <%ae>', 'flux-updates');
    const asked = { ...release('1.1.0'), author: 'Ben <ben@example.org>' };
    await world.start().release(await world.source.fetch(), asked);
    expect(author()).toBe('Ben <ben@example.org>');
    const moved = world.remote.commit({ 'more.yaml': deployment('more', '1', '{}') });
    await look(world, world.start());
    expect(world.remote.git('rev-parse', 'flux-updates^')).toBe(moved);
    expect(author()).toBe('Ben <ben@example.org>');
    await world.tag('mail', '1.1.0');
    await look(world, world.start());
    expect(author()).toBe('Weave Flux <support@weave.works>');
  });

  test('of the image that automation proposed stays, although nothing automates it any more', async () => {
    const world = await openWorld();
    await world.tag('cart', '1.1.0');
    await look(world, world.start());
    await world.start().release(await world.source.fetch(), release('1.1.0'));
    world.remote.commit({ 'cart.yaml': deployment('cart', '1.0.0', '{}') });
    await look(world, world.start());
    expect(world.text('flux-updates')).toContain('acme/cart:1.1.0');
  });

  test.runIf(IS_THOROUGH)('alone has its own message', async () => {
    const world = await openWorld({ files: { 'cart.yaml': deployment('cart', '1.0.0', '{}') } });
    await world.tag('cart', '1.1.0');
    await world.start().release(await world.source.fetch(), release('1.1.0'));
    expect(world.remote.git('log', '-1', '--format=%s', 'flux-updates')).toBe(`Release acme/cart:1.1.0 to ${CART.workload}`);
  });

  test('fails where the host does not answer, before anything is pushed', async () => {
    const world = await openWorld();
    world.imitation.intercept = () => ({ status: 503, body: {} });
    const failure = await failureOf(world.start().release(await world.source.fetch(), release('1.1.0')));
    expect(failure).toMatchObject({ code: 'git-host/unavailable' });
    expect(world.has('flux-updates')).toBe(false);
  });
});

test('a host that asks to wait is left alone for as long', async () => {
  const clock = new ManualClock();
  const world = await openWorld({ clock });
  const proposals = world.start();
  await world.tag('cart', '1.1.0');
  world.imitation.intercept = () => ({ status: 429, headers: { 'retry-after': '60' }, body: { message: 'slow down' } });
  for (let time = 0; time < 3; time += 1)
    expect(await failureOf(look(world, proposals))).toMatchObject({ code: 'git-host/limited' });
  expect(world.imitation.log).toHaveLength(1);
  world.imitation.intercept = undefined;
  clock.advance(61_000);
  await look(world, proposals);
  expect(world.imitation.pulls).toMatchObject([{ state: 'open' }]);
});

test.runIf(IS_THOROUGH)('one branch whose request fails does not hold up the others', async () => {
  const world = await openWorld({ per: 'workload' });
  const proposals = world.start();
  await world.tag('cart', '1.1.0');
  await world.tag('mail', '1.1.0');
  world.imitation.intercept = ({ method, body }) =>
    method === 'POST' && JSON.stringify(body).includes('deployment-cart') ? { status: 422, body: { message: 'no' } } : undefined;
  expect(await failureOf(look(world, proposals))).toMatchObject({ code: 'git-host/rejected' });
  expect(world.imitation.pulls).toMatchObject([{ head: 'flux-updates-shop-deployment-mail', state: 'open' }]);
});

test.runIf(IS_THOROUGH)('a reviewer or a label that the host does not know leaves the request as it is', async () => {
  const world = await openWorld();
  world.imitation.intercept = ({ path }) =>
    path.at(-1) === 'labels' ? { status: 422, body: { message: 'no such label' } } : undefined;
  await world.tag('cart', '1.1.0');
  await look(world, world.start());
  expect(world.imitation.pulls).toMatchObject([{ state: 'open', labels: [] }]);
  expect(world.imitation.pulls[0]?.body).not.toContain('text=unfinished');
});

test.runIf(IS_THOROUGH)('what a person wrote into a request stays until the images change', async () => {
  const clock = new ManualClock();
  const world = await openWorld({ clock });
  const proposals = world.start();
  await world.tag('cart', '1.1.0');
  await look(world, proposals);
  const [pull] = world.imitation.pulls;
  if (pull) pull.body = `By Ann: on hold until Monday.\r\n\r\n${pull.body.replaceAll('\n', '\r\n')}`;
  clock.advance(11 * 60_000);
  await look(world, proposals);
  expect(pull?.body).toContain('By Ann');
  await world.tag('cart', '1.2.0');
  await look(world, proposals);
  expect(pull?.body).not.toContain('By Ann');
});
