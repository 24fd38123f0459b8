import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { threadEnvironment } from '../../src/base/index.ts';

test('a thread is told where compiled code is kept, and nothing else that the daemon was given', async () => {
  const worker = new Worker(`require('node:worker_threads').parentPort.postMessage(process.env)`, {
    eval: true,
    env: threadEnvironment(),
  });
  const environment = await new Promise((resolve) => worker.once('message', resolve));
  expect(environment).toEqual({ NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE });
});
