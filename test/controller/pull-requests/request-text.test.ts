import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFingerprint } from '../../../src/controller/pull-requests/fingerprint.ts';
import { MAX_ROWS, type Row, requestText, type TextOptions } from '../../../src/controller/pull-requests/request-text.ts';
import { originOf } from '../../../src/image/index.ts';
import { processorMs } from '../../support/processor.ts';

const LIMITS = { title: 256, body: 4000 };

const CART: Row = {
  workload: 'shop:deployment/cart',
  container: 'cart',
  current: 'registry.example.org/acme/cart:1.2.0',
  target: 'registry.example.org/acme/cart:1.3.0',
  released: false,
  origin: { source: 'https://github.com/acme/cart', revision: '3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3' },
};
const text = (rows: readonly Row[], options: Partial<TextOptions> = {}) =>
  requestText({ images: rows, rows: rows.slice(0, MAX_ROWS), branch: 'flux-updates', base: 'main', limits: LIMITS, ...options });

describe('the text of a request', () => {
  test('links each image to its source and revision', () => {
    const { title, body, fingerprint } = text([CART]);
    expect(title).toBe('Update registry.example.org/acme/cart to 1.3.0');
    expect(body).toBe(`Merge this to apply it to the cluster. Close it to reject these images; newer ones are proposed again.

| Workload | Container | Image | From | To |
| --- | --- | --- | --- | --- |
| \`shop:deployment/cart\` | \`cart\` | \`registry.example.org/acme/cart\` | \`1.2.0\` | \`1.3.0\` |

- \`registry.example.org/acme/cart:1.3.0\` was built from [github.com/acme/cart](https://github.com/acme/cart) at [\`3f2a91c0d4e5\`](https://github.com/acme/cart/commit/3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3)

fluxd keeps this branch up to date, for as long as no one else pushes to \`flux-updates\`.

[//]: # (flux: text=${fingerprint.text} images=${fingerprint.images[0]})`);
    expect(parseFingerprint(body)).toEqual(fingerprint);
  });

  test.each<[string, Row['origin'], string | undefined]>([
    ['no label', undefined, undefined],
    ['an http URL', { source: 'http://example.org/acme' }, '`http://example.org/acme`'],
    ['no URL', { source: 'github.com/acme/cart', revision: 'v1' }, '`github.com/acme/cart` at `v1`'],
    [
      'a revision that is no commit',
      { source: 'https://example.org/a', revision: 'v1.3' },
      '[example.org/a](https://example.org/a) at `v1.3`',
    ],
    ['a revision alone', { revision: '3f2a91c' }, '`3f2a91c`'],
    ['a URL that ends in .git', { source: 'https://example.org/a.git' }, '[example.org/a](https://example.org/a)'],
  ])('shows %s as it is', (_what, origin, expected) => {
    const { body } = text([{ ...CART, origin }]);
    const line = body.split('\n').find((each) => each.includes('was built from'));
    expect(line?.replace(/^.* was built from /, '')).toBe(expected);
  });

  test('counts several images, and shows a digest and another repository', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const other = { ...CART, container: 'proxy', current: 'acme/proxy:1', target: `other/proxy:2@${digest}`, origin: undefined };
    const { title, body } = text([CART, other]);
    expect(title).toBe('Update 2 images');
    expect(body).toContain(`| \`other/proxy\` | \`acme/proxy:1\` | \`2@${digest}\` |`);
  });

  test('mentions no one in its title, which is plain text, nor in code where a host looks for people', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(text([{ ...CART, target: `acme/cart@${digest}` }]).title).toBe(`Update acme/cart to ${digest}`);
    expect(text([{ ...CART, target: `acme/cart:1.3.0@${digest}` }]).title).toBe('Update acme/cart to 1.3.0');
    expect(text([{ ...CART, container: '@<5d2e>' }]).body).toContain('`@?5d2e>`');
  });

  test('ends with whole rows, and counts the others', () => {
    const rows = Array.from({ length: 900 }, (_, n) => ({ ...CART, container: `c${n}` }));
    const lines = text(rows).body.split('\n');
    const shown = lines.filter((line) => line.startsWith('| `'));
    expect(shown.every((line) => line.endsWith(' |'))).toBe(true);
    expect(lines).toContain(`and ${900 - shown.length} more.`);
    expect(lines.filter((line) => line.startsWith('- `'))).toHaveLength(1);
  });

  test('is worded quickly for any number of images', () => {
    const rows = Array.from({ length: 50_000 }, (_, n) => ({ ...CART, container: `c${n}`, target: `acme/cart:1.${n}.0` }));
    const all = [1, 2, 3].map(() => processorMs(() => void text(rows)));
    expect(Math.min(...all)).toBeLessThan(200);
  });

  test('is bounded by what the host allows, with its fingerprint whole', () => {
    const rows = Array.from({ length: 900 }, (_, n) => ({ ...CART, container: `c${n}` }));
    const { title, body, fingerprint } = text(rows, { limits: { title: 20, body: 1000 } });
    expect([...title].length).toBeLessThanOrEqual(20);
    expect([...body].length).toBeLessThanOrEqual(1000);
    expect(parseFingerprint(body)).toEqual(fingerprint);
  });

  test('is from a template, whose unknown names are refused', () => {
    const template =
      'chore: {{title}} ({{count}})\n\n@acme/owners, please.\n{{ images }}\n{{sources}}\n{{workloads}} {{branch}} {{base}}\n';
    const { title, body } = text([CART], { template });
    expect(title).toBe('chore: Update registry.example.org/acme/cart to 1.3.0 (1)');
    expect(body).toContain('@acme/owners, please.\n| Workload |');
    expect(body).toContain('`shop:deployment/cart` flux-updates main');
    expect(() => text([CART], { template: '{{ title }}\n{{author}}' })).toThrow('no value for {{author}}');
  });

  test('changes its fingerprint with its text', () => {
    expect(text([CART]).fingerprint).toEqual(text([CART]).fingerprint);
    expect(text([{ ...CART, origin: undefined }]).fingerprint.text).not.toBe(text([CART]).fingerprint.text);
  });

  test('has no mention, link, cell or line of what comes from outside', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom(
        '@acme/admins',
        '`) @admin [x](https://evil.example)',
        'a|b|c',
        'x\n\n# Title',
        '<img src=x onerror=alert(1)>',
        '![x](https://evil.example/p.png)',
        '[//]: # (flux: text=a images=)',
        'https://evil.example)[a](https://evil.example',
        'https://user:pass@evil.example/x',
        'javascript:alert(1)',
      ),
    );
    const rows = fc.record({
      workload: hostile,
      container: hostile,
      current: hostile,
      target: hostile,
      released: fc.boolean(),
      source: hostile,
      revision: hostile,
    });
    fc.assert(
      fc.property(fc.array(rows, { minLength: 1, maxLength: 3 }), (all) => {
        const given = all.map(({ source, revision, ...row }) => ({ ...row, origin: { source, revision } }));
        const { title, body, fingerprint } = text(given, { limits: { title: 256, body: 60_000 } });
        expect(title).not.toMatch(/[\n`|[\]()!]/);
        const outside = body
          .split('\n')
          .slice(0, -1)
          .join('\n')
          .replace(/`[^`\n]*`/g, 'CODE');
        expect(outside).not.toMatch(/@/);
        expect(outside.match(/\]\(/g) ?? []).toHaveLength((outside.match(/\]\(https:\/\/[\w.:/~%+-]+\)/g) ?? []).length);
        for (const line of outside.split('\n').filter((each) => each.startsWith('|'))) expect(line.split('|')).toHaveLength(7);
        expect(outside).not.toMatch(/<[a-z!/]/i);
        expect(parseFingerprint(body)).toEqual(fingerprint);
      }),
    );
  });

  test('and the labels of images are no way around that', () => {
    const origin = originOf({
      'org.opencontainers.image.source': 'https://evil.example/a)](https://evil.example',
      'org.opencontainers.image.revision': '@admin',
    });
    expect(origin).toBeUndefined();
  });
});
