import { describe, expect, test } from 'vitest';
import type { ImageOrigin } from '../../src/image/index.ts';
import { planUpdate, type UpdateSpec } from '../../src/update/index.ts';
import { automatedMessage } from '../../src/update/message.ts';
import { contextOf, workload } from './world.ts';

const web = workload('Deployment', 'web', { namespace: 'shop', containers: [['web', 'acme/web:1']] });
const api = workload('Deployment', 'api', { namespace: 'shop', containers: [['api', 'acme/api:1']] });
const context = () =>
  contextOf({
    files: { 'web.yaml': web.text, 'api.yaml': api.text },
    manifests: {
      'shop:deployment/web': { file: 'web.yaml', object: web.object },
      'shop:deployment/api': { file: 'api.yaml', object: api.object },
    },
    running: ['shop:deployment/web', 'shop:deployment/api'],
    registry: {
      'index.docker.io/acme/web': { '1': { createdAt: 1 }, '7': { createdAt: 7 } },
      'index.docker.io/acme/api': { '1': { createdAt: 1 } },
    },
  });
const plan = (spec: UpdateSpec) => planUpdate(spec, context());
const release = (ImageSpec: string, ServiceSpecs: readonly string[], Message = ''): UpdateSpec => ({
  type: 'image',
  cause: { Message, User: '' },
  spec: { ServiceSpecs, ImageSpec, Kind: 'execute', Excludes: null, Force: false },
});
const policy = (spec: Extract<UpdateSpec, { type: 'policy' }>['spec'], Message = ''): UpdateSpec => ({
  type: 'policy',
  cause: { Message, User: '' },
  spec,
});

describe('commit messages', () => {
  test.each([
    ['a message of the person’s own stands alone', release('<all latest>', ['<all>'], 'ship it'), 'ship it'],
    [
      'two workloads, ids sorted, with a message',
      policy(
        {
          'shop:deployment/web': { add: {}, remove: { automated: 'true' } },
          'shop:deployment/api': { add: null, remove: { automated: 'true' } },
        },
        'stop that',
      ),
      'stop that\n\n- Deautomated: shop:deployment/api, shop:deployment/web\n',
    ],
    [
      'an unlock as fluxctl sends it',
      policy({ 'shop:deployment/web': { add: {}, remove: { locked: 'true', locked_msg: 'true', locked_user: 'true' } } }),
      'Updated workload policies\n\n- Unlocked: shop:deployment/web\n- Updated policies: shop:deployment/web\n',
    ],
    [
      'a suspension with who and why',
      policy({ 'shop:deployment/web': { add: { suspend: 'true', suspend_user: 'Ann', suspend_msg: 'audit' }, remove: {} } }),
      'Suspended: shop:deployment/web\n',
    ],
    [
      'its end, with a message',
      policy(
        { 'shop:deployment/web': { add: {}, remove: { suspend: 'true', suspend_user: 'true', suspend_msg: 'true' } } },
        'audit is over',
      ),
      'audit is over\n\n- Resumed: shop:deployment/web\n',
    ],
    [
      'a policy named like a member of Object is a policy like others',
      policy({ 'shop:deployment/web': { add: { constructor: 'x' }, remove: {} } }),
      'Updated policies: shop:deployment/web\n',
    ],
  ])('%s', async (_name, spec, message) => {
    expect((await plan(spec)).message).toBe(message);
  });
});

describe('the message of automation', () => {
  const shop = { source: 'https://git.example/shop', revision: '3f2a91c' };
  const origins = new Map<string, ImageOrigin>([
    ['acme/api:2', shop],
    ['acme/cart:2', { source: 'https://git.example/cart' }],
    ['acme/mail:2', { revision: 'e51' }],
    ['acme/web:2', shop],
  ]);
  test.each<[string, readonly string[], string]>([
    ['of nothing', [], 'Auto-release (no images)\n'],
    ['of one image, nothing known', ['acme/x:2'], 'Auto-release acme/x:2'],
    ['of several, nothing known', ['acme/x:2', 'acme/y:2'], 'Auto-release multiple (2) images\n\n - acme/x:2\n - acme/y:2\n'],
    [
      'of one image',
      ['acme/web:2'],
      'Auto-release acme/web:2\n\nBuilt from https://git.example/shop at 3f2a91c:\n  acme/web:2\n',
    ],
    [
      'of several, by what they were built from',
      ['acme/api:2', 'acme/cart:2', 'acme/mail:2', 'acme/web:2', 'acme/x:2'],
      `Auto-release multiple (5) images

 - acme/api:2
 - acme/cart:2
 - acme/mail:2
 - acme/web:2
 - acme/x:2

Built at e51:
  acme/mail:2

Built from https://git.example/cart:
  acme/cart:2

Built from https://git.example/shop at 3f2a91c:
  acme/api:2
  acme/web:2
`,
    ],
  ])('%s', (_name, images, message) => {
    expect(automatedMessage(images, (image) => origins.get(image))).toBe(message);
  });
});
