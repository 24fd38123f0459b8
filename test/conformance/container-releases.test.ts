import { describe, expect, test } from 'vitest';
import { planUpdate, type ReleaseContainersSpec } from '../../src/update/index.ts';
import { contextOf, type World, workload } from '../update/world.ts';

const HELLO = 'default:deployment/hello';
const FROZEN = 'default:deployment/frozen';
const hello = workload('Deployment', 'hello', {
  containers: [
    ['greet', 'quay.io/acme/hello:m-1'],
    ['side', 'acme/side:m-1'],
  ],
});
const frozen = workload('Deployment', 'frozen', {
  annotations: { 'fluxcd.io/locked': 'true' },
  containers: [['frozen', 'quay.io/acme/frozen:1']],
});
const world: World = {
  files: { 'hello.yaml': hello.text, 'frozen.yaml': frozen.text },
  manifests: {
    [HELLO]: { file: 'hello.yaml', object: hello.object },
    [FROZEN]: { file: 'frozen.yaml', object: frozen.object },
  },
  running: [HELLO, FROZEN],
  registry: {},
};

const greet = { Container: 'greet', Current: 'quay.io/acme/hello:m-1', Target: 'quay.io/acme/hello:m-2' };
const side = { Container: 'side', Current: 'acme/side:m-1', Target: 'acme/side:m-2' };
const thaw = { Container: 'frozen', Current: 'quay.io/acme/frozen:1', Target: 'quay.io/acme/frozen:2' };
const plan = (ContainerSpecs: ReleaseContainersSpec['ContainerSpecs'], { skip = false, force = false } = {}) =>
  planUpdate(
    {
      type: 'containers',
      cause: { Message: '', User: '' },
      spec: { Kind: 'execute', ContainerSpecs, SkipMismatches: skip, Force: force },
    },
    contextOf(world),
  );

describe('a release of given containers', () => {
  test.each([false, true])(
    'RC-1, RC-2, RC-11 updates both containers and names them in the commit; mismatches skipped: %s',
    async (skip) => {
      const { result, message, edits } = await plan({ [HELLO]: [greet, side] }, { skip });
      expect(result).toEqual({
        [FROZEN]: { Status: 'ignored', Error: 'not included', PerContainer: null },
        [HELLO]: { Status: 'success', PerContainer: [greet, side] },
      });
      expect(message).toBe(
        'Update image refs in default:deployment/hello\n\ndefault:deployment/hello\n- quay.io/acme/hello:m-2\n- acme/side:m-2\n',
      );
      expect(edits).toEqual([{ path: 'hello.yaml', content: hello.text.replaceAll('m-1', 'm-2') }]);
    },
  );

  test('RC-4 is refused as a whole when one image is another than expected', async () => {
    const asked = plan({ [HELLO]: [{ ...greet, Current: 'quay.io/acme/hello:m-2' }, side] });
    await expect(asked).rejects.toMatchObject({
      message: `cannot satisfy specs: ${HELLO}: container(s) tag mismatch: greet`,
    });
  });

  test('updates the others when mismatches are skipped, and says which were', async () => {
    const { result } = await plan({ [HELLO]: [{ ...greet, Current: 'x:1' }, side] }, { skip: true });
    expect(result[HELLO]).toEqual({ Status: 'success', Error: 'container(s) tag mismatch: greet', PerContainer: [side] });
  });

  test.each([false, true])('RC-5 is refused when a container does not exist; mismatches skipped: %s', async (skip) => {
    const asked = plan({ [HELLO]: [greet, { Container: 'foo', Target: 'a:1' }] }, { skip });
    await expect(asked).rejects.toMatchObject({
      message: `cannot satisfy specs: ${HELLO}: container(s) not found: foo`,
    });
  });

  test('RC-7 finds nothing to change in a locked workload', async () => {
    await expect(plan({ [FROZEN]: [thaw] })).rejects.toMatchObject({
      message: `no changes found: ${FROZEN}: locked`,
    });
  });

  test.each([false, true])('RC-8 changes a locked workload when forced; mismatches skipped: %s', async (skip) => {
    const { result, message } = await plan({ [FROZEN]: [thaw] }, { skip, force: true });
    expect(result[FROZEN]?.Status).toBe('success');
    expect(message).toBe(
      'Update image refs in default:deployment/frozen\n\ndefault:deployment/frozen\n- quay.io/acme/frozen:2\n',
    );
  });

  test('RC-10 finds nothing when every item is a mismatch that is skipped', async () => {
    const asked = plan({ [HELLO]: [{ ...greet, Current: 'x:1' }] }, { skip: true });
    await expect(asked).rejects.toMatchObject({
      message: `no changes found: ${HELLO}: container(s) tag mismatch: greet`,
    });
  });

  test('finds nothing when nothing is asked for', async () => {
    await expect(plan({})).rejects.toThrow('no changes found');
  });
});
