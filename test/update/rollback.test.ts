import { describe, expect, test } from 'vitest';
import { FluxError } from '../../src/base/index.ts';
import { planUpdate, type ReleaseContainersSpec, type RollbackSpec } from '../../src/update/index.ts';
import { contextOf, workload } from './world.ts';

const ID = 'shop:deployment/cart';
const CART = 'index.docker.io/acme/cart';
const D = `sha256:${'d'.repeat(64)}`;

type Images = Readonly<Record<string, string>>;

interface Given {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly containers?: readonly (readonly [string, string])[];
  /** Images with which it became healthy, newest first. */
  readonly healthy?: readonly Images[];
  readonly message?: string;
  /** In the cluster. */
  readonly ignored?: boolean;
}

async function rollback(asked: Partial<RollbackSpec>, given: Given = {}) {
  const { annotations = {}, containers = [['cart', 'acme/cart:1.3.0']], healthy = [], message = '', ignored = false } = given;
  const cart = workload('Deployment', 'cart', { namespace: 'shop', annotations, containers });
  const context = contextOf({
    files: { 'cart.yaml': cart.text },
    manifests: { [ID]: { file: 'cart.yaml', object: cart.object } },
    running: [{ id: ID, containers: [], annotations: ignored ? { 'fluxcd.io/ignore': 'true' } : {} }],
    registry: { [CART]: { '1.1.0': {}, '1.2.0': {}, '1.3.0': {}, '1.4.0': {}, latest: { digest: D } } },
  });
  const spec: RollbackSpec = { Kind: 'execute', Workload: ID, Container: '', To: '', Force: false, ...asked };
  const records = {
    async *healthy(id: string) {
      if (id === ID) yield* healthy;
    },
  };
  const plan = await planUpdate({ type: 'rollback', cause: { Message: message, User: '' }, spec }, { ...context, past: records });
  return { ...plan, text: cart.text };
}

/** The images, the bans and the notice of a rollback, or why it is refused. */
async function outcome(asked: Partial<RollbackSpec>, given?: Given): Promise<string> {
  try {
    const { spec, result } = await rollback(asked, given);
    const { ContainerSpecs, Bans } = spec.spec as ReleaseContainersSpec;
    const images = (ContainerSpecs[ID] ?? []).map(({ Container, Target }) => `${Container} ${Target}`);
    const bans = Object.entries(Bans?.[ID] ?? {}).map(([container, ban]) => `ban ${container} ${ban}`);
    expect(result[ID]?.PerContainer).toEqual(ContainerSpecs[ID]);
    return [...images, ...bans].join(', ');
  } catch (error) {
    if (!(error instanceof FluxError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const two: Given['containers'] = [
  ['cart', 'acme/cart:1.3.0'],
  ['side', 'acme/side:2'],
];
const past = (...tags: readonly string[]) => tags.map((tag): Images => ({ cart: `acme/cart:${tag}`, side: 'acme/side:2' }));

describe('a rollback', () => {
  test('is one change of the image and of the bans, which keeps every other byte, and is recorded as one of containers', async () => {
    const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.cart': 'semver:<1.4' };
    const { spec, edits, message, result, text } = await rollback({}, { annotations, healthy: past('1.3.0', '1.2.0', '1.1.0') });
    expect(spec).toEqual({
      type: 'containers',
      cause: { Message: '', User: '' },
      spec: {
        Kind: 'execute',
        ContainerSpecs: { [ID]: [{ Container: 'cart', Current: 'acme/cart:1.3.0', Target: 'acme/cart:1.2.0' }] },
        SkipMismatches: false,
        Force: false,
        Bans: { [ID]: { cart: '1.3.0' } },
        Rollback: true,
      },
    });
    expect(message).toBe(`Rollback ${ID} to acme/cart:1.2.0\n\n- Ban 1.3.0 of cart in ${ID}\n`);
    expect(result[ID]).toMatchObject({ Status: 'success', Error: 'banned: 1.3.0 of cart' });
    expect(edits).toHaveLength(1);
    const content = edits[0]?.content ?? '';
    expect(content).toContain('fluxcd.io/ban.cart: 1.3.0');
    expect(content.replace(/^.*ban\.cart.*\n/m, '').replace('acme/cart:1.2.0', 'acme/cart:1.3.0')).toBe(text);
  });

  test('says when automation will move on to an image that is not banned', async () => {
    const annotations = { 'fluxcd.io/automated': 'true', 'fluxcd.io/tag.cart': 'semver:*' };
    const { result } = await rollback({ To: '1.2.0' }, { annotations });
    expect(result[ID]?.Error).toMatch(/^banned: 1\.3\.0 of cart; automation will update cart to 1\.4\.0 again/);
  });

  test('has the message of the person first', async () => {
    const { message } = await rollback({ To: '1.2.0' }, { message: '1.3.0 loses orders' });
    expect(message).toBe(`1.3.0 loses orders\n\n- Rollback ${ID} to acme/cart:1.2.0\n- Ban 1.3.0 of cart in ${ID}\n`);
  });

  const changed = `rollback/changed: the rollback of ${ID} would now put back cart from acme/cart:1.3.0 to acme/cart:1.2.0`;
  test.each([
    ['what it does', 'acme/cart:1.3.0', 'acme/cart:1.2.0', 'cart acme/cart:1.2.0, ban cart 1.3.0'],
    ['another image before', 'acme/cart:1.3.0', 'acme/cart:1.1.0', changed],
    ['another image to replace', 'acme/cart:1.2.9', 'acme/cart:1.2.0', changed],
  ])('that expects %s', async (_, Current, Target, expected) => {
    const Expected = [{ Container: 'cart', Current, Target }];
    expect(await outcome({ Expected }, { healthy: past('1.2.0') })).toBe(expected);
  });

  const banned = { 'fluxcd.io/ban.cart': '1.2.0' };
  const locked = { 'fluxcd.io/locked': 'true' };
  test.each<[what: string, asked: Partial<RollbackSpec>, given: Given, expected: string]>([
    ['to the image before', {}, { healthy: past('1.2.0') }, 'cart acme/cart:1.2.0, ban cart 1.3.0'],
    ['past images that are the present one', {}, { healthy: past('1.3.0', '1.1.0') }, 'cart acme/cart:1.1.0, ban cart 1.3.0'],
    ['past banned ones', {}, { annotations: banned, healthy: past('1.2.0', '1.1.0') }, 'cart acme/cart:1.1.0, ban cart 1.3.0'],
    [
      'to a banned one by force',
      { Force: true },
      { annotations: banned, healthy: past('1.2.0') },
      'cart acme/cart:1.2.0, ban cart 1.3.0',
    ],
    [
      'of all containers of the last change',
      {},
      { containers: two, healthy: [{ cart: 'acme/cart:1.2.0', side: 'acme/side:1' }] },
      `cart acme/cart:1.2.0, side acme/side:1, ban cart 1.3.0, ban side 2`,
    ],
    [
      'of one container of several',
      { Container: 'cart' },
      { containers: two, healthy: [{ cart: 'acme/cart:1.2.0', side: 'acme/side:1' }] },
      'cart acme/cart:1.2.0, ban cart 1.3.0',
    ],
    ['to a tag', { To: '1.1.0' }, {}, 'cart acme/cart:1.1.0, ban cart 1.3.0'],
    [
      'to a tag outside of the pattern',
      { To: '1.1.0' },
      { annotations: { 'fluxcd.io/tag.cart': 'semver:1.3' } },
      'cart acme/cart:1.1.0, ban cart 1.3.0',
    ],
    [
      'to a tag, of the container that changed last',
      { To: '1.1.0' },
      { containers: two, healthy: past('1.2.0') },
      'cart acme/cart:1.1.0, ban cart 1.3.0',
    ],
    [
      'from a tag that moves',
      { To: '1.2.0' },
      { containers: [['cart', 'acme/cart:latest']] },
      `cart acme/cart:1.2.0, ban cart latest@${D}`,
    ],
    [
      'of a locked workload by force',
      { To: '1.2.0', Force: true },
      { annotations: locked },
      'cart acme/cart:1.2.0, ban cart 1.3.0',
    ],
    [
      'without a record',
      {},
      {},
      `rollback/to-required: --to is required: no sync record says that ${ID} became healthy with another image that is not banned`,
    ],
    [
      'with only the present image in records',
      {},
      { healthy: past('1.3.0') },
      `rollback/to-required: --to is required: no sync record says that ${ID} became healthy with another image that is not banned`,
    ],
    [
      'to a tag that does not exist',
      { To: '9.9.9' },
      {},
      'update/image-missing: image "acme/cart:9.9.9" does not exist: invalid image ID',
    ],
    ['to the present tag', { To: '1.3.0' }, {}, `update/no-changes: cart of ${ID} has the image acme/cart:1.3.0 already`],
    [
      'to a banned tag',
      { To: '1.2.0' },
      { annotations: banned },
      `rollback/refused: cart of ${ID} cannot be rolled back to 1.2.0: tag 1.2.0 is banned; release it by name with --force, or lift the ban: fluxctl policy --unban=cart=1.2.0`,
    ],
    [
      'to a tag, of unknown containers',
      { To: '1.1.0' },
      { containers: two },
      `rollback/unclear: it is unclear which container of ${ID} --to is about`,
    ],
    [
      'to a tag, of different images',
      { To: '1.1.0' },
      { containers: two, healthy: [{ cart: 'acme/cart:1.2.0', side: 'acme/side:1' }] },
      `rollback/unclear: it is unclear which container of ${ID} --to is about`,
    ],
    ['of no such container', { Container: 'cat' }, {}, `rollback/no-container: ${ID} has no container "cat"`],
    [
      'of no such workload',
      { Workload: 'shop:deployment/cat' },
      {},
      'rollback/no-workload: shop:deployment/cat is not in the repository',
    ],
    ['of a locked workload', { To: '1.2.0' }, { annotations: locked }, `rollback/held: ${ID} is held: locked`],
    ['of one that is ignored in the cluster', { To: '1.2.0' }, { ignored: true }, `rollback/held: ${ID} is held: ignore`],
  ])('%s', async (_what, asked, given, expected) => {
    expect(await outcome(asked, given)).toBe(expected);
  });
});
