import { describe, expect, test } from 'vitest';
import { planUpdate, type UpdateSpec } from '../../src/update/index.ts';
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
      'a policy named like a member of Object is a policy like others',
      policy({ 'shop:deployment/web': { add: { constructor: 'x' }, remove: {} } }),
      'Updated policies: shop:deployment/web\n',
    ],
  ])('%s', async (_name, spec, message) => {
    expect((await plan(spec)).message).toBe(message);
  });
});
