import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rounds } from '../support/sampled.ts';
import { serve } from './daemon-fixture.ts';

const PATH = '/api/flux/v9/update-manifests';
const none = { Message: '', User: '' };

describe('an update is decoded as Go decodes it', () => {
  const CASES: readonly (readonly [string, string, unknown])[] = [
    [
      'an image release',
      '{"type":"image","cause":{"Message":"m","User":"Ann"},"spec":{"ServiceSpecs":["<all>"],"ImageSpec":"a:1","Kind":"execute","Excludes":null,"Force":true}}',
      {
        type: 'image',
        cause: { Message: 'm', User: 'Ann' },
        spec: { ServiceSpecs: ['<all>'], ImageSpec: 'a:1', Kind: 'execute', Excludes: null, Force: true },
      },
    ],
    [
      'an image release with a tag filter and pins, which Flux v1 lacks',
      '{"type":"image","cause":{},"spec":{"ServiceSpecs":["<all>"],"ImageSpec":"<all latest>","Kind":"plan","TagFilter":"semver:~1","PinDigest":true,"SkipVerify":true}}',
      {
        type: 'image',
        cause: { Message: '', User: '' },
        spec: {
          ...{ ServiceSpecs: ['<all>'], ImageSpec: '<all latest>', Kind: 'plan', Excludes: null, Force: false },
          TagFilter: 'semver:~1',
          PinDigest: true,
          SkipVerify: true,
        },
      },
    ],
    [
      'a rollback, which Flux v1 lacks',
      '{"type":"rollback","cause":{},"spec":{"Kind":"plan","Workload":"shop:deployment/cart"}}',
      {
        type: 'rollback',
        cause: { Message: '', User: '' },
        spec: { Kind: 'plan', Workload: 'shop:deployment/cart', Container: '', To: '', Force: false },
      },
    ],
    [
      'a rollback as a dry run showed it',
      '{"type":"rollback","cause":{},"spec":{"Kind":"execute","Workload":"shop:deployment/cart","Expected":[{"Container":"cart","Current":"a:2","Target":"a:1"}]}}',
      {
        type: 'rollback',
        cause: { Message: '', User: '' },
        spec: {
          ...{ Kind: 'execute', Workload: 'shop:deployment/cart', Container: '', To: '', Force: false },
          Expected: [{ Container: 'cart', Current: 'a:2', Target: 'a:1' }],
        },
      },
    ],
    [
      'keys in any case, the last one wins, unknown ones are ignored',
      '{"TYPE":"image","Cause":{"message":"m","USER":"Ann"},"spec":{"imagespec":"a:1","KIND":"plan","kind":"execute","new":1,"__proto__":{"Force":true}}}',
      {
        type: 'image',
        cause: { Message: 'm', User: 'Ann' },
        spec: { ServiceSpecs: [], ImageSpec: 'a:1', Kind: 'execute', Excludes: null, Force: false },
      },
    ],
    [
      'null and missing are the zero value; kind, services and image are not looked at yet',
      '{"type":"image","cause":null,"spec":{"ServiceSpecs":["a/b/c"],"ImageSpec":"?","Kind":"soon","Excludes":["shop/old"]}}',
      {
        type: 'image',
        cause: none,
        spec: { ServiceSpecs: ['a/b/c'], ImageSpec: '?', Kind: 'soon', Excludes: ['shop:service/old'], Force: false },
      },
    ],
    [
      'containers, where an absent Current stays absent',
      '{"type":"containers","spec":{"Kind":"execute","ContainerSpecs":{"s:Deployment/b":[{"Container":"c","Current":"i:1","Target":"i:2"}],"s:deployment/a":[{"Container":"c","Target":"i:2"}]},"SkipMismatches":true}}',
      {
        type: 'containers',
        cause: none,
        spec: {
          Kind: 'execute',
          ContainerSpecs: {
            's:deployment/a': [{ Container: 'c', Target: 'i:2' }],
            's:deployment/b': [{ Container: 'c', Current: 'i:1', Target: 'i:2' }],
          },
          SkipMismatches: true,
          Force: false,
        },
      },
    ],
    [
      'policies as objects, as lists of names, as null, or absent',
      '{"type":"policy","spec":{"s:deployment/b":{"add":{"locked_msg":"","locked":"true"},"remove":["automated"]},"s:deployment/a":{"add":null}}}',
      {
        type: 'policy',
        cause: none,
        spec: {
          's:deployment/a': { add: null, remove: null },
          's:deployment/b': { add: { locked: 'true', locked_msg: '' }, remove: { automated: 'true' } },
        },
      },
    ],
    ['a sync', '{"type":"sync","cause":{},"spec":{}}', { type: 'sync', cause: none, spec: {} }],
    ['a sync of null', '{"type":"sync","spec":null}', { type: 'sync', cause: none, spec: {} }],
    [
      'an automated update, for the daemon to refuse',
      '{"type":"auto","spec":{"Changes":[{"WorkloadID":"s:deployment/a","Container":{"Name":"c","Image":"i:1"},"ImageID":"i:2"}]}}',
      {
        type: 'auto',
        cause: none,
        spec: { Changes: [{ WorkloadID: 's:deployment/a', Container: { Name: 'c', Image: 'i:1' }, ImageID: 'i:2' }] },
      },
    ],
  ];
  test.each(CASES)('%s', async (_, body, spec) => {
    await using api = await serve();
    expect(await api.post(PATH, body)).toMatchObject({ status: 200, body: '"job-1"' });
    expect(api.calls).toEqual([{ name: 'update', argument: spec }]);
    expect(JSON.stringify(api.calls[0]?.argument)).toBe(JSON.stringify(spec));
  });
});

describe('what cannot be decoded is refused with its place', () => {
  const containers = (update: string) => `{"type":"containers","spec":{"ContainerSpecs":{"s:deployment/a":[${update}]}}}`;
  const CASES: readonly (readonly [string, string])[] = [
    ['', 'the body is empty'],
    ['{"type":"sync"', 'the body is not valid JSON'],
    ['[]', 'the body is not an object'],
    ['null', 'no type in update spec'],
    ['{"type":"","spec":{}}', 'no type in update spec'],
    ['{"type":"sync"}', 'spec is missing'],
    ['{"type":"sync","spec":[]}', 'spec is not an object'],
    ['{"type":"reboot","spec":{}}', 'unknown spec type: reboot'],
    ['{"type":1,"spec":{}}', 'type is not a string'],
    ['{"type":"image","cause":"me","spec":{}}', 'cause is not an object'],
    ['{"type":"image","spec":{"Force":"yes"}}', 'spec.Force is not true or false'],
    ['{"type":"image","spec":{"ServiceSpecs":[1]}}', 'spec.ServiceSpecs[0] is not a string'],
    ['{"type":"image","spec":{"Excludes":["a/b/c"]}}', 'parsing a/b/c: invalid service ID'],
    ['{"type":"policy","spec":{"a/b/c":{}}}', 'parsing a/b/c: invalid service ID'],
    ['{"type":"policy","spec":{"s:d/a":{"add":{"automated":true}}}}', 'spec["s:d/a"].add["automated"] is not a string'],
    [containers('{"Container":"c","Current":null}'), 'spec.ContainerSpecs["s:deployment/a"][0].Current is not a string'],
    [
      containers('{"Container":"c","Current":""}'),
      'spec.ContainerSpecs["s:deployment/a"][0].Current: parsing "": blank image name: invalid image ID',
    ],
  ];
  test.each(CASES)('%s', async (body, message) => {
    await using api = await serve();
    expect(await api.post(PATH, body, {})).toMatchObject({ status: 400, body: message });
    expect(api.calls).toEqual([]);
  });

  test('bytes that are not UTF-8', async () => {
    await using api = await serve();
    const answer = await fetch(`http://127.0.0.1:${api.port}${PATH}`, {
      method: 'POST',
      body: new Uint8Array([0x22, 0xff, 0x22]),
    });
    expect(answer.status).toBe(400);
  });

  test('nothing sent can do more than be refused (S-076)', async () => {
    await using api = await serve();
    const body = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ type: fc.constantFrom('image', 'containers', 'policy', 'sync', 'auto'), spec: fc.jsonValue() })
        .map((update) => JSON.stringify(update)),
      fc.constant('['.repeat(100_000)),
      fc.constant(`{"type":"policy","spec":${'{"s:d/a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`),
    );
    await fc.assert(
      fc.asyncProperty(body, async (text) => {
        expect([200, 400]).toContain((await api.post(PATH, text)).status);
      }),
      { numRuns: rounds('random updates', 200, 50) },
    );
  });
});
