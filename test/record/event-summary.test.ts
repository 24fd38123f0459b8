import { expect, test } from 'vitest';
import { type FluxEvent, summarizeEvent } from '../../src/record/index.ts';

const at = { startedAt: 0, endedAt: 0 };
const hash = (digit: string) => digit.repeat(40);
const result = (target: string) => ({
  'shop:deployment/cart': { Status: 'success', PerContainer: [{ Container: 'web', Current: 'acme/cart:1.3', Target: target }] },
  'shop:deployment/web': { Status: 'skipped', PerContainer: [{ Container: 'web', Current: 'a', Target: 'not/this:1' }] },
});
const spec = (ServiceSpecs: unknown) => ({
  Type: 'releaseImageSpecType' as const,
  ReleaseImageSpec: { ServiceSpecs },
  ReleaseContainersSpec: null,
});
const nobody = { Message: '', User: '' };

/** Flux v1's summaries, and ours in their manner. */
const CASES: readonly (readonly [string, FluxEvent])[] = [
  [
    'Commit: 4444444, shop:deployment/cart',
    { type: 'commit', objects: ['shop:deployment/cart'], ...at, metadata: { revision: hash('4'), spec: null } },
  ],
  ['Commit: 4444444, <no changes>', { type: 'commit', objects: [], ...at, metadata: { revision: hash('4'), spec: null } }],
  [
    'Released: acme/cart:1.4 to all workloads, by Ann <ann@example.org>, with message "hello"',
    {
      type: 'release',
      objects: ['shop:deployment/cart'],
      ...at,
      metadata: {
        Revision: hash('5'),
        result: result('acme/cart:1.4'),
        spec: spec(['<all>']),
        cause: { Message: 'hello', User: 'Ann <ann@example.org>' },
      },
    },
  ],
  [
    'Rolled back: acme/cart:1.2 to shop:deployment/cart',
    {
      type: 'release',
      objects: ['shop:deployment/cart'],
      ...at,
      metadata: {
        Revision: hash('5'),
        result: result('acme/cart:1.2'),
        spec: { Type: 'releaseContainersSpecType', ReleaseImageSpec: null, ReleaseContainersSpec: { Rollback: true } },
        cause: nobody,
      },
    },
  ],
  [
    'Released: no image changes to no workloads',
    { type: 'release', objects: [], ...at, metadata: { Revision: hash('5'), result: {}, spec: spec(null), cause: nobody } },
  ],
  [
    'Automated release of acme/cart:1.4',
    { type: 'autorelease', objects: [], ...at, metadata: { Revision: hash('6'), result: result('acme/cart:1.4'), spec: {} } },
  ],
  [
    'Drift corrected: shop:configmap/a (changed in the cluster by kubectl: data.x)',
    {
      type: 'drift_corrected',
      objects: ['shop:configmap/a'],
      ...at,
      metadata: {
        revision: hash('7'),
        corrections: [{ id: 'shop:configmap/a', reason: 'changed in the cluster by kubectl: data.x' }],
      },
    },
  ],
  [
    `Commit refused: ${hash('8').slice(0, 7)} is not signed`,
    {
      type: 'commit_refused',
      objects: [],
      ...at,
      metadata: { head: hash('9'), commit: hash('8'), why: 'is not signed', key: '', signer: '', commits: 2 },
    },
  ],
  [
    'Deletions held: shop:configmap/a, shop:configmap/b',
    {
      type: 'deletions_held',
      objects: ['shop:configmap/a', 'shop:configmap/b'],
      ...at,
      metadata: { revision: hash('7'), deletions: [] },
    },
  ],
];

test.each(CASES)('%s', (summary, event) => expect(summarizeEvent(event)).toBe(summary));
