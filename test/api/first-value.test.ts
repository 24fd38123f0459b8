import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFirstJson } from '../../src/api/legacy/first-value.ts';
import { serve } from './daemon-fixture.ts';

describe('the first JSON value of a body', () => {
  test('is read as ever, and whatever follows it is left', () => {
    // A number has no end of its own, and no route takes one.
    const value = fc.jsonValue().filter((each) => typeof each !== 'number');
    fc.assert(
      fc.property(value, fc.constantFrom('', ' ', '\n\t'), fc.string(), (each, before, after) => {
        const text = JSON.stringify(each);
        expect(parseFirstJson(before + text + after)).toEqual(JSON.parse(text));
      }),
    );
  });

  test.each(['', '  ', '{"a":1', '{"a":"}', '"a', '[1}', 'tru', '}', ',{}', '\u00a0{}', 'x{}', '{]'])('%j is none', (body) => {
    expect(() => parseFirstJson(body)).toThrow(/^the body is (?:empty|not valid JSON)$/);
  });

  test('is looked for in one pass, however the body is made', () => {
    const half = 2 ** 19;
    const bodies = ['['.repeat(2 * half), `["${'\\"'.repeat(half)}`, '"\\'.repeat(half), `${'{"'.repeat(half)}`];
    const started = process.cpuUsage();
    for (const body of bodies) expect(() => parseFirstJson(body)).toThrow('not valid JSON');
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(2000);
  });
});

describe('data after the first value of a body', () => {
  const AFTER = ['\n', '{"type":"sync","spec":{}}', ' nonsense', '}'];

  test.each(AFTER)('%j is left by the API of Flux v1', async (after) => {
    await using api = await serve();
    const update = await api.post('/api/flux/v9/update-manifests', `{"type":"sync","spec":{}}${after}`);
    const config = await api.post('/api/flux/v9/git-repo-config', `false${after}`);
    const change = { Kind: 'git', Source: { URL: 'ssh://git@example.org/conf', Branch: 'main' } };
    const notified = await api.post('/api/flux/v11/notify', `${JSON.stringify(change)}${after}`);
    expect([update.status, config.status, notified.status]).toEqual([200, 200, 202]);
    expect(api.calls.map(({ name }) => name)).toEqual(['update', 'gitConfig', 'notify']);
  });

  test('is refused by ours', async () => {
    await using api = await serve();
    const headers = { 'content-type': 'application/json' };
    expect(await api.post('/api/v1/syncs', '{}{}', headers)).toMatchObject({ status: 400 });
    expect(api.calls).toEqual([]);
  });
});
