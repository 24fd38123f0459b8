import { expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import type { UpdateSpec } from '../../src/update/index.ts';
import { startEngine } from './engine.ts';
import { namespace, yaml } from './manifests.ts';
import { createRepository } from './repository.ts';

const MINUTE = 60_000;
const MESSAGE = 'unknown whether the push arrived: git push: the connection broke';
const DEPLOYMENT = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'acme/web:1' }] } },
  },
};
const AUTOMATE: UpdateSpec = {
  type: 'policy',
  cause: { Message: '', User: 'Ann' },
  spec: { 'shop:deployment/web': { add: { automated: 'true' }, remove: null } },
};

test('a job whose push may have arrived says so, also when no fetch succeeds any more', async () => {
  const repository = createRepository({ 'all.yaml': yaml(namespace('shop'), DEPLOYMENT) });
  let isDown = false;
  const source = {
    ...repository.source,
    async fetch() {
      if (isDown) throw new FluxError('git fetch: no way to the server', { code: 'git/unreachable' });
      return repository.source.fetch();
    },
    async commit(): Promise<string> {
      isDown = true;
      throw new FluxError(MESSAGE, { code: 'git/push-unknown' });
    },
  };
  const { daemon, time } = await startEngine({}, { source });
  await time.until('synced', () => daemon.readiness().ready, MINUTE);
  const id = await daemon.update(AUTOMATE);
  await time.pass(MINUTE);
  expect(await daemon.job(id)).toMatchObject({
    state: 'failed',
    error: MESSAGE,
  });
});

test('a job whose time is over while it pushes says so as well', async () => {
  const repository = createRepository({ 'all.yaml': yaml(namespace('shop'), DEPLOYMENT) });
  const source = {
    ...repository.source,
    commit: (_request: object, { signal }: { readonly signal?: AbortSignal } = {}) =>
      new Promise<string>((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
  };
  // Time goes on while a push does.
  let pushes = 0;
  const { daemon, time } = await startEngine({}, { source, pending: () => -pushes });
  await time.until('synced', () => daemon.readiness().ready, MINUTE);
  const id = await daemon.update(AUTOMATE);
  pushes = 1;
  await time.pass(2 * MINUTE);
  expect(await daemon.job(id)).toMatchObject({
    state: 'failed',
    error: expect.stringMatching(/^unknown whether the push arrived: /),
  });
});
