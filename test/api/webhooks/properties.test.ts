import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rounds } from '../../support/sampled.ts';
import { hmac, type Receiver, receive } from './fixture.ts';
import { SAMPLES, type Sample, UNSIGNED } from './samples.ts';

/** One receiver with an endpoint for every sample. */
let receiver: Receiver;
const keyOf = (sample: Sample) => `key ${SAMPLES.indexOf(sample)} of ${sample.source}`;
const target = (sample: Sample) => ({
  key: keyOf(sample),
  ...(sample.registryHost === undefined ? {} : { registryHost: sample.registryHost }),
});
beforeAll(async () => {
  receiver = await receive(SAMPLES.map((sample) => ({ source: sample.source, ...target(sample) })));
});
afterAll(() => receiver[Symbol.asyncDispose]());

const RUNS = { numRuns: rounds('payloads of each kind', 150, 40) };
const anySample = fc.constantFrom(...SAMPLES);
const signedSample = fc.constantFrom(...SAMPLES.filter(({ source }) => !UNSIGNED.includes(source)));
const headerText = fc.stringMatching(/^[\x20-\x7e]{0,80}$/).map((text) => text.trim());
const headerNames = [
  ...new Set(SAMPLES.flatMap((sample) => [...Object.keys(sample.headers), ...Object.keys(sample.sign('', ''))])),
];
const headers = fc.dictionary(fc.constantFrom('content-type', ...headerNames), headerText, { noNullPrototype: true });
const bodies = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  anySample.map(({ payload }) => JSON.stringify(payload)),
);

test('no header and no body passes without the right signature (S-075)', async () => {
  await fc.assert(
    fc.asyncProperty(signedSample, headers, bodies, async (sample, given, body) => {
      const right = Object.entries(sample.sign(keyOf(sample), body)).every(([name, value]) => given[name] === value);
      fc.pre(!right);
      const before = receiver.calls.length;
      expect((await receiver.post(target(sample), { headers: { ...sample.headers, ...given }, body })).status).toBe(404);
      expect(receiver.calls.length).toBe(before);
    }),
    RUNS,
  );
});

test('a signature with one bit changed is none (S-075)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(255), bodies, async (bit, body) => {
      const [gitHub] = SAMPLES;
      if (!gitHub) throw new Error('there are no samples');
      const digest = Buffer.from(hmac(keyOf(gitHub), body), 'hex');
      digest[bit >> 3] = (digest[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const signature = { 'x-hub-signature-256': `sha256=${digest.toString('hex')}` };
      expect((await receiver.post(target(gitHub), { headers: { ...gitHub.headers, ...signature }, body })).status).toBe(404);
    }),
    RUNS,
  );
});

test('whatever somebody with the key sends is answered, and never by an error of ours (S-076)', async () => {
  const type = fc.constantFrom('application/json', 'application/json', 'application/x-www-form-urlencoded', 'text/plain');
  await fc.assert(
    fc.asyncProperty(anySample, type, bodies, headers, async (sample, contentType, body, more) => {
      const sent = { ...more, ...sample.headers, 'content-type': contentType, ...sample.sign(keyOf(sample), body) };
      const { status } = await receiver.post(target(sample), { headers: sent, body });
      expect([200, 202, 400, 415]).toContain(status);
    }),
    RUNS,
  );
});

/** A payload with one of its values replaced by anything. */
const bent = anySample.chain((sample) => {
  const places: (readonly (string | number)[])[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]) => {
    places.push(path);
    if (typeof value === 'object' && value !== null)
      for (const key of Object.keys(value)) visit(value[key as never], [...path, key]);
  };
  visit(sample.payload, []);
  return fc.record({ sample: fc.constant(sample), place: fc.constantFrom(...places), value: fc.jsonValue() });
});

function replaced(payload: unknown, [key, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (key === undefined) return value;
  const copy: unknown = structuredClone(payload);
  const at = copy as Record<string | number, unknown>;
  at[key] = replaced(at[key], rest, value);
  return copy;
}

test('a payload with a wrong value anywhere is answered, and never by an error of ours (S-076)', async () => {
  await fc.assert(
    fc.asyncProperty(bent, async ({ sample, place, value }) => {
      const body = JSON.stringify(replaced(sample.payload, place, value));
      const sent = { ...sample.headers, 'content-type': 'application/json', ...sample.sign(keyOf(sample), body) };
      expect([200, 202, 400]).toContain((await receiver.post(target(sample), { headers: sent, body })).status);
    }),
    RUNS,
  );
});
