import { describe, expect, test } from 'vitest';
import { type PolicySpec, planUpdate } from '../../src/update/index.ts';
import { repositoryOf } from './repository.ts';
import { contextOf, workload } from './world.ts';

const ID = 'shop:deployment/cart';
const plan = (annotations: Record<string, string>, update: PolicySpec[string], id = ID) => planAll({ [id]: update }, annotations);
const planAll = (spec: PolicySpec, annotations: Record<string, string> = {}) => {
  const cart = workload('Deployment', 'cart', {
    namespace: 'shop',
    annotations,
    containers: [['cart', 'acme/cart:1']],
    initContainers: [['setup', 'acme/setup:1']],
  });
  const service = workload('Service', 'cart', { namespace: 'shop' });
  const context = contextOf({
    files: { 'cart.yaml': cart.text, 'service.yaml': service.text },
    manifests: {
      [ID]: { file: 'cart.yaml', object: cart.object },
      'shop:service/cart': { file: 'service.yaml', object: service.object },
    },
    running: [],
    registry: {},
  });
  return planUpdate({ type: 'policy', cause: { Message: '', User: '' }, spec }, context);
};
const annotationsIn = (text: string | undefined) =>
  [...(text ?? '').matchAll(/^ {4}(\S+\.\S+): (.*)$/gm)].map(([, key, value]) => `${key}=${value?.replace(/['"]/g, '')}`);

describe('a policy update', () => {
  test.each<[string, Record<string, string>, PolicySpec[string], string[]]>([
    ['adds a policy', {}, { add: { automated: 'true' }, remove: {} }, ['fluxcd.io/automated=true']],
    [
      'edits an older key in place and appends new ones sorted',
      { 'flux.weave.works/tag.cart': 'glob:1' },
      { add: { locked: 'true', automated: 'true', 'tag.cart': 'semver:~1' }, remove: {} },
      ['flux.weave.works/tag.cart=semver:~1', 'fluxcd.io/automated=true', 'fluxcd.io/locked=true'],
    ],
    [
      'sets a filter for every container, init containers too',
      {},
      { add: { tag_all: 'semver:~2' }, remove: {} },
      ['fluxcd.io/tag.cart=semver:~2', 'fluxcd.io/tag.setup=semver:~2'],
    ],
    [
      'lets removal win',
      { 'fluxcd.io/automated': 'true', 'fluxcd.io/locked': 'true' },
      { add: { locked: 'true' }, remove: { locked: 'true' } },
      ['fluxcd.io/automated=true'],
    ],
  ])('%s', async (_name, annotations, update, expected) => {
    const { result, edits } = await plan(annotations, update);
    expect(result).toEqual({ [ID]: { Status: 'success', PerContainer: null } });
    expect(annotationsIn(edits[0]?.content)).toEqual(expected);
  });

  test.each<[string, Record<string, string>, PolicySpec[string]]>([
    ['is there already', { 'fluxcd.io/automated': 'true' }, { add: { automated: 'true' }, remove: {} }],
    ['is absent already', {}, { add: {}, remove: { locked: 'true', locked_msg: 'true', locked_user: 'true' } }],
    ['is nothing at all', {}, { add: null, remove: null }],
  ])('skips a workload when what is asked %s', async (_name, annotations, update) => {
    const { result, edits } = await plan(annotations, update);
    expect(result[ID]?.Status).toBe('skipped');
    expect(edits).toEqual([]);
  });

  test.each(['tag.', '', 'a b', 'a/b', '-a', 'ä', `tag.${'c'.repeat(64)}`])(
    'refuses the name %j, with which the API server would refuse the workload',
    async (name) => {
      const refusal = { message: `invalid policy name: ${JSON.stringify(name)}`, code: 'policy/bad-name', fault: 'user' };
      await expect(plan({}, { add: { [name]: '1' }, remove: {} })).rejects.toMatchObject(refusal);
      expect(await plan({}, { add: {}, remove: { [name]: 'true' } })).toMatchObject({ edits: [] });
    },
  );

  test.each<[string, PolicySpec[string]]>([
    ['crat', { add: { 'tag.crat': 'glob:1.*' }, remove: {} }],
    ['Cart', { add: { 'tag.cart': 'glob:1.*', 'tag.Cart': 'glob:1.*' }, remove: null }],
  ])('refuses a tag pattern for a container that is not there: %s', async (name, update) => {
    const message = `${ID} has no container "${name}"`;
    const refusal = { message, code: 'policy/no-container', fault: 'user', help: 'Its containers are cart, setup.' };
    await expect(plan({}, update)).rejects.toMatchObject(refusal);
  });

  test('removes a tag pattern of a container that is gone', async () => {
    const { edits } = await plan({ 'fluxcd.io/tag.old': 'glob:1' }, { add: {}, remove: { 'tag.old': 'true' } });
    expect(annotationsIn(edits[0]?.content)).toEqual([]);
    expect(edits).toHaveLength(1);
  });

  test('that is refused tells what became of each workload until then', async () => {
    const spec = {
      [ID]: { add: { locked: 'true' }, remove: null },
      'shop:service/cart': { add: { locked: 'true' }, remove: null },
      'shop:statefulset/db': { add: { locked: 'true' }, remove: null },
    };
    const message = 'resource shop:service/cart does not have containers';
    await expect(planAll(spec)).rejects.toMatchObject({
      message,
      code: 'update/not-a-workload',
      fault: 'user',
      result: {
        [ID]: { Status: 'success', PerContainer: null },
        'shop:service/cart': { Status: 'failed', Error: message, PerContainer: null },
      },
    });
  });

  test('skips a workload that the repository does not have', async () => {
    const { result, edits } = await plan({}, { add: { automated: 'true' }, remove: {} }, 'shop:deployment/nosuch');
    expect(result).toEqual({
      'shop:deployment/nosuch': { Status: 'skipped', Error: 'not found in repository', PerContainer: null },
    });
    expect(edits).toEqual([]);
  });

  test('for every container of a HelmRelease is one for each image among its values', async () => {
    const text = (annotations: string) => `apiVersion: helm.fluxcd.io/v1
kind: HelmRelease
metadata:
  name: wiki
${annotations}spec:
  values:
    image: acme/wiki:1
    db: {image: {repository: acme/pg, tag: "12"}}
`;
    const context = await repositoryOf({ 'wiki.yaml': text('') });
    const spec = { 'default:helmrelease/wiki': { add: { tag_all: 'semver:~1' }, remove: {} } };
    const { edits } = await planUpdate({ type: 'policy', cause: { Message: '', User: '' }, spec }, context);
    const after = '  annotations:\n    fluxcd.io/tag.chart-image: semver:~1\n    fluxcd.io/tag.db: semver:~1\n';
    expect(edits).toEqual([{ path: 'wiki.yaml', content: text(after) }]);
  });

  test('that cannot be made names object and place, and is no release', async () => {
    const shared = 'metadata: {name: web, labels: &l {a: b}, annotations: *l}\n';
    const context = await repositoryOf({ 'web.yaml': `apiVersion: apps/v1\nkind: Deployment\n${shared}` });
    const spec = { 'default:deployment/web': { add: { automated: 'true' }, remove: {} } };
    const asked = planUpdate({ type: 'policy', cause: { Message: '', User: '' }, spec }, context);
    await expect(asked).rejects.toMatchObject({
      message: expect.stringMatching(
        /^updating resource default:deployment\/web in web\.yaml:1 \(document 1\): deployment\/web shares its text/,
      ),
      code: 'update/edit-failed',
      fault: 'user',
      help: expect.stringMatching(/^Nothing was committed\./),
    });
  });

  test('that is stopped ends with the reason, and blames no workload', async () => {
    const text = `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n# ${'x'.repeat(5000)}\n`;
    const context = await repositoryOf({ 'web.yaml': text });
    const stop = new AbortController();
    const readFile = async (path: string) => {
      stop.abort(new Error('the daemon stops'));
      return context.readFile(path);
    };
    const spec = { 'default:deployment/web': { add: { automated: 'true' }, remove: {} } };
    const asked = planUpdate(
      { type: 'policy', cause: { Message: '', User: '' }, spec },
      { ...context, readFile, signal: stop.signal },
    );
    await expect(asked).rejects.toThrow(/^the daemon stops$/);
  });

  test.each([
    ['a pattern that is none', ID, { 'tag.cart': 'semver:foo' }, 'invalid tag pattern: "semver:foo"'],
    ['an age that is none', ID, { 'min-age.cart': 'soon' }, 'invalid minimum age: "soon"'],
    ['an age of all containers that is none', ID, { 'min-age': '1w' }, 'invalid minimum age: "1w"'],
    [
      'a resource without containers',
      'shop:service/cart',
      { automated: 'true' },
      'resource shop:service/cart does not have containers',
    ],
    ['an id that is none', 'a/b/c', { automated: 'true' }, 'parsing a/b/c: invalid service ID'],
  ])('refuses %s', async (_name, id, add, message) => {
    await expect(plan({}, { add, remove: {} }, id)).rejects.toMatchObject({ message, fault: 'user' });
  });
});
