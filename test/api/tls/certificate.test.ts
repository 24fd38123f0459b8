import { describe, expect, test } from 'vitest';
import { createCertificate } from '../../../src/api/tls/certificate.ts';
import type { Logger } from '../../../src/base/index.ts';
import { selfSignedCertificate } from '../../../src/sim/kubernetes/certificate.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partOf } from '../../support/part-of.ts';
import { until } from '../../support/until.ts';

const FORMER = selfSignedCertificate(Date.now());
const NEXT = selfSignedCertificate(Date.now());

/** A certificate that is read from these contents, and how many looks at them failed. */
function reading(contents: { cert: string; key: string }) {
  const clock = new ManualClock();
  const failures: unknown[] = [];
  const log = partOf<Logger>({ info: () => undefined, error: (fields: unknown) => void failures.push(fields) });
  const certificate = createCertificate({
    files: { certFile: 'cert', keyFile: 'key' },
    clock,
    log,
    read: async (path) => (path === 'cert' ? contents.cert : contents.key),
  });
  return { certificate, clock, failures };
}

describe('while one file of a renewed pair is written', () => {
  test.each([
    ['the key is empty', { cert: NEXT.cert, key: '' }],
    ['the certificate is empty', { cert: '', key: NEXT.key }],
    ['both are empty', { cert: '', key: '' }],
    ['the key is cut off', { cert: NEXT.cert, key: NEXT.key.slice(0, 60) }],
    ['the certificate is cut off', { cert: NEXT.cert.slice(0, 60), key: NEXT.key }],
    ['the key is the former one', { cert: NEXT.cert, key: FORMER.key }],
    ['the certificate is the former one', { cert: FORMER.cert, key: NEXT.key }],
  ])('%s: the former pair is served, and then the whole one', async (_, half) => {
    const contents = { ...FORMER };
    const { certificate, clock, failures } = reading(contents);
    expect(await certificate()).toEqual(FORMER);

    Object.assign(contents, half);
    clock.advance(10_000);
    await certificate();
    await until('it was looked at', () => failures.length === 1);
    expect(await certificate()).toEqual(FORMER);

    Object.assign(contents, NEXT);
    clock.advance(10_000);
    await until('it is served', async () => (await certificate())?.cert === NEXT.cert);
  });
});
