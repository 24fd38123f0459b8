import type { BuiltPart } from './part.ts';

const MIB = 1024 * 1024;

/** What each part weighs, as it is downloaded and as it lies on a node's disk. */
export function sizeTable(parts: readonly Pick<BuiltPart, 'name' | 'layer'>[]): string {
  const total = (of: 'size' | 'unpacked') => parts.reduce((sum, { layer }) => sum + layer[of], 0);
  const rows = [
    ...parts.map(({ name, layer }) => [name, inMib(layer.size), inMib(layer.unpacked)] as const),
    ['total', inMib(total('size')), inMib(total('unpacked'))] as const,
  ];
  const header = ['part', 'compressed', 'unpacked'] as const;
  return [header, ...rows]
    .map(([name, size, unpacked]) => `${name.padEnd(12)} ${size.padStart(10)} ${unpacked.padStart(10)}`)
    .join('\n');
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
