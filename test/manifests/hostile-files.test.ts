import { describe, expect, test } from 'vitest';
import { createManifests } from '../../src/manifests/index.ts';
import type { DesiredState } from '../../src/resource/index.ts';
import { sampled, thorough } from '../support/sampled.ts';
import { longestTurn } from '../support/turn-cpu.ts';
import { HOSTILE_SHAPES, type HostileShape } from './hostile-files.ts';

/** No content of a repository may keep the daemon from answering for longer, milliseconds of CPU. */
const TURN_MS = 50;
const GOOD = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\n';
const KIB = 1 << 10;
const MIB = 1 << 20;
const MAX_BYTES = 128 * MIB;

const reader = createManifests({ maxBytes: MAX_BYTES });

async function readBeside(content: string): Promise<{ readonly result: DesiredState; readonly cpuMs: number }> {
  const contents = new Map(
    Object.entries({ 'a.yaml': content, 'b.yaml': GOOD }).map(([path, text]) => [path, Buffer.from(text)]),
  );
  const files = [...contents].map(([path, { length }]) => ({ path, mode: '100644', blob: path, size: length }));
  return await longestTurn(() => reader.read(files, async (path) => contents.get(path) ?? Buffer.alloc(0), { keep: false }));
}

function faultsOf({ manifests, errors, warnings }: DesiredState, cpuMs: number): readonly string[] {
  const isGoodRead = manifests.some(({ place, object }) => place.file === 'b.yaml' && object.metadata.name === 'good');
  return [
    ...(isGoodRead ? [] : ['the file beside it was not read']),
    ...(cpuMs > TURN_MS ? [`${cpuMs} ms between two turns`] : []),
    ...([...errors, ...warnings].some(({ file }) => file !== 'a.yaml') ? ['another file is blamed'] : []),
    ...(errors.length > 101 || warnings.length > 101 ? ['problems without bound'] : []),
  ];
}

describe('S-025 hostile files', () => {
  test.each<[what: string, length: number, shapes: readonly HostileShape[]]>([
    ['short ones, read at once', 4 * KIB, sampled('hostile files of 4 KiB', HOSTILE_SHAPES, 10)],
    ['longer ones, read by the thread', 128 * KIB, sampled('hostile files of 128 KiB', HOSTILE_SHAPES, 5)],
    ['long ones', 2 * MIB, thorough('hostile files of 2 MiB') ? HOSTILE_SHAPES : []],
    ['very long ones', 12 * MIB, thorough('hostile files of 12 MiB') ? HOSTILE_SHAPES.slice(0, 10) : HOSTILE_SHAPES.slice(0, 1)],
  ])(
    '%s: others have their turn, and the file beside it is read',
    async (what, length, shapes) => {
      const broken: string[] = [];
      let worst = { cpuMs: 0, name: '' };
      for (const { name, make } of shapes) {
        const first = await readBeside(make(length));
        // Garbage of other tests is collected at any time; what a file costs, it costs again.
        const again = first.cpuMs > TURN_MS ? await readBeside(make(length)) : first;
        const { result } = first;
        const cpuMs = Math.min(first.cpuMs, again.cpuMs);
        if (cpuMs > worst.cpuMs) worst = { cpuMs, name };
        broken.push(...faultsOf(result, cpuMs).map((fault) => `${name}: ${fault}`));
      }
      console.log(
        `hostile files, ${what}: ${shapes.length} tried, ${shapes.length - broken.length} held; worst turn ${worst.cpuMs.toFixed(1)} ms (${worst.name})`,
      );
      expect(broken).toEqual([]);
    },
    600_000,
  );

  test.each([
    ['the size of a file', 'a list of numbers', 17 * MIB, 'manifests/file-too-large'],
    ['keys and values of a document', 'a List of numbers', 2 * MIB, 'yaml/too-large'],
    ['values of an object', 'a flow list in an object', 300 * KIB, 'manifests/object-too-large'],
    ['documents', 'documents of nothing', 128 * KIB, 'manifests/too-many-documents'],
    ['errors', 'documents of one bracket', 4 * KIB, 'manifests/more-problems'],
  ])('a file beyond %s is refused with that bound', async (_, name, length, code) => {
    const { make } = HOSTILE_SHAPES.find((shape) => shape.name === name) as HostileShape;
    const { result } = await readBeside(make(length));
    expect(result.errors.at(-1)).toMatchObject({ file: 'a.yaml', error: { code } });
  });

  test('many files of another tool make one warning, in linear time', async () => {
    const content = Buffer.from('apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: a-\n');
    const files = Array.from({ length: 90_000 }, (_, index) => ({
      path: `${index}/kustomization.yaml`,
      mode: '100644',
      blob: 'same',
      size: content.length,
    }));
    const { result, cpuMs } = await longestTurn(() => createManifests().read(files, async () => content));
    expect(result.warnings).toHaveLength(1);
    expect(cpuMs).toBeLessThan(1000);
  });

  describe('the memory of a revision', () => {
    const contents = Array.from({ length: 6 }, (_, index) =>
      Buffer.from(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m${index}}\ndata: {text: "${String(index).repeat(MIB)}"}\n`),
    );
    const files = contents.map(({ length }, index) => ({
      path: `m${index}.yaml`,
      mode: '100644',
      blob: `${index}`,
      size: length,
    }));
    const blob = async (id: string) => contents[Number(id)] ?? Buffer.alloc(0);
    const reading = () => createManifests({ maxBytes: 3.5 * MIB });

    test('files beyond it are refused by name; less is read again', async () => {
      const small = reading();
      const all = await small.read(files, blob);
      expect(all.manifests.map(({ place }) => place.file)).toEqual(['m0.yaml', 'm1.yaml', 'm2.yaml']);
      expect(all.errors).toMatchObject(
        ['m3.yaml', 'm4.yaml', 'm5.yaml'].map((file) => ({ file, error: { code: 'manifests/too-much' } })),
      );
      const fewer = await small.read(files.slice(3), blob);
      expect([fewer.manifests.length, fewer.errors]).toEqual([3, []]);
    });

    test.runIf(thorough('memory that files share'))(
      'what files share counts once, also when one of them has moved; what is only looked at has the room that is left',
      async () => {
        const small = reading();
        const [first, others] = [files.slice(0, 3), files.slice(3)];
        const moved = first.map((file) => ({ ...file, path: `moved/${file.path}` }));
        const outcomes = [];
        for (const [list, keep] of [
          [first, true],
          [[...first, ...moved], true],
          [moved, true],
          [[...moved, ...others], true],
          [others, false],
        ] as const) {
          const { manifests, errors } = await small.read(list, blob, { keep });
          outcomes.push([manifests.length, errors.length]);
        }
        expect(outcomes).toEqual([
          [3, 0],
          [6, 0],
          [3, 0],
          [3, 3],
          [0, 3],
        ]);
      },
    );
  });
});
