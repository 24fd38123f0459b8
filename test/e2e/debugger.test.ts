import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startWorld, until, type World } from './harness/index.ts';
import { start } from './harness/process.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('a signal that opens a debugger in any Node opens none in fluxd (H-04)', async () => {
  const node = start(process.execPath, ['--inspect-port=0', '-e', 'console.log("up"); setInterval(() => {}, 1000)']);
  onTestFinished(() => void node.kill('SIGKILL'));
  await until('Node is up', () => node.output().includes('up'));
  node.kill('SIGUSR1');
  await until('its debugger listens', () => node.output().includes('Debugger listening'));

  const repository = await world.repository();
  await repository.commit('Begin', {});
  const fluxd = await world.fluxd(repository, { args: [] });
  process.kill(fluxd.pid, 'SIGUSR1');
  await fluxd.sync();
  expect(fluxd.running()).toBe(true);
  expect(fluxd.log()).not.toMatch(/debugger|inspector/i);
});
