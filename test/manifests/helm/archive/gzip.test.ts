import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { joined, unzipped, zipped } from '../../../../src/manifests/helm/archive/gzip.ts';
import { Pace } from '../../../../src/manifests/units/pace.ts';
import { bestOfThreeTurns } from '../../../support/turn-cpu.ts';

const MIB = 1 << 20;

test.each([
  ['nothing', Buffer.alloc(0)],
  ['a little', Buffer.from('a: 1\n')],
  ['what cannot be compressed', randomBytes(3 * MIB + 1)],
  ['what can', Buffer.alloc(3 * MIB + 1, 'a')],
])('%s is zipped for any reader, and unzipped of any writer', async (_, bytes) => {
  expect(gunzipSync(await zipped(bytes, new Pace())).equals(bytes)).toBe(true);
  const outcome = await unzipped(gzipSync(bytes), bytes.length, new Pace());
  expect(outcome.kind === 'bytes' && outcome.bytes.equals(bytes)).toBe(true);
});

const PACKED = gzipSync(Buffer.alloc(MIB, 'a'));
const DAMAGED = Buffer.from(PACKED).fill(0xff, PACKED.length - 8);

test.each([
  ['one byte too much', PACKED, MIB - 1, 'too-large'],
  ['no archive', Buffer.from('no archive'), MIB, 'damaged'],
  ['nothing at all', Buffer.alloc(0), MIB, 'damaged'],
  ['the first half', PACKED.subarray(0, PACKED.length / 2), MIB, 'damaged'],
  ['another checksum', DAMAGED, MIB, 'damaged'],
])('%s is refused', async (_, packed, maxBytes, kind) => {
  expect(await unzipped(packed, maxBytes, new Pace())).toEqual({ kind });
});

test('S-026 chunks of 64 MiB are joined without a turn of the event loop above 50 ms', async () => {
  const chunks = [Buffer.alloc(48 * MIB, 'a'), Buffer.alloc(16 * MIB, 'b')];
  const { result, cpuMs } = await bestOfThreeTurns(() => joined(chunks, new Pace()), 50);
  expect(result.equals(Buffer.concat(chunks))).toBe(true);
  expect(cpuMs).toBeLessThan(50);
});

test('nothing more is copied once it is given up', async () => {
  const given = AbortSignal.abort(new Error('given up'));
  await expect(joined([Buffer.alloc(16 * MIB)], new Pace(given))).rejects.toThrow('given up');
});
