import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Body, configMap, deployment, startTarget, type Target } from './target.ts';

let target: Target;
let namespace: string;
beforeAll(async () => {
  target = await startTarget();
  namespace = await target.namespace();
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  await target.call('POST', maps, { body: configMap('there', { a: '1' }) });
  await target.apply(`/apis/apps/v1/namespaces/${namespace}/deployments/web`, deployment('web'));
});
afterAll(() => target.stop());

const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';
const JSON_PATCH = 'application/json-patch+json';
const map = (metadata: Body, rest: Body = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...rest });
const workload = (spec: Body) => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'bad' }, spec });
const template = (labels: Body, containers: unknown) => ({
  selector: { matchLabels: { a: 'b' } },
  template: { metadata: { labels }, spec: { containers } },
});

interface Case {
  readonly title: string;
  /** `NS` stands for the test's namespace. */
  readonly request: string;
  readonly type?: string;
  readonly body?: unknown;
  readonly status: number;
  readonly reason?: string;
  readonly message: RegExp;
}

const maps = '/api/v1/namespaces/NS/configmaps';
const deployments = '/apis/apps/v1/namespaces/NS/deployments';
const CASES: readonly Case[] = [
  {
    title: 'a name that is no DNS name',
    request: `POST ${maps}`,
    body: map({ name: 'Bad_Name' }),
    status: 422,
    reason: 'Invalid',
    message: /^ConfigMap "Bad_Name" is invalid: metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must/,
  },
  {
    title: 'no name',
    request: `POST ${maps}`,
    body: map({}),
    status: 422,
    reason: 'Invalid',
    message: /^ConfigMap "" is invalid: metadata\.name: Required value: name or generateName is required$/,
  },
  {
    title: 'a bad label',
    request: `POST ${maps}`,
    body: map({ name: 'x', labels: { a: 'not ok' } }),
    status: 422,
    reason: 'Invalid',
    message: /metadata\.labels: Invalid value: "not ok": a valid label must be an empty string or consist of/,
  },
  {
    title: 'another namespace in the body',
    request: `POST ${maps}`,
    body: map({ name: 'a', namespace: 'other' }),
    status: 400,
    reason: 'BadRequest',
    message: /^the namespace of the provided object does not match the namespace sent on the request$/,
  },
  {
    title: 'another kind in the body',
    request: `POST ${maps}`,
    body: { ...map({ name: 'a' }), kind: 'Secret' },
    status: 400,
    reason: 'BadRequest',
    message: /^Secret in version "v1" cannot be handled as a ConfigMap/,
  },
  {
    title: 'a value of the wrong type',
    request: `POST ${maps}`,
    body: map({ name: 'a' }, { data: { x: 1 } }),
    status: 400,
    reason: 'BadRequest',
    message:
      /cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
  },
  {
    title: 'unknown fields under strict validation',
    request: `POST ${maps}?fieldValidation=Strict`,
    body: map({ name: 'a', nope: 1 }, { dat: {} }),
    status: 400,
    reason: 'BadRequest',
    message:
      /strict decoding error: unknown field "dat", unknown field "metadata\.nope"$|unknown field "metadata\.nope", unknown field "dat"$/,
  },
  {
    title: 'a key given twice under strict validation',
    request: `POST ${maps}?fieldValidation=Strict`,
    body: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"b","a":"c"}}',
    status: 400,
    reason: 'BadRequest',
    message: /strict decoding error: duplicate field "data\.a"$/,
  },
  {
    title: 'a body that is not JSON',
    request: `POST ${maps}`,
    body: '{bad',
    status: 400,
    reason: 'BadRequest',
    message: /^the object provided is unrecognized \(must be of type ConfigMap\): couldn't get version\/kind; json parse error/,
  },
  {
    title: 'a namespace that does not exist',
    request: 'POST /api/v1/namespaces/nope/configmaps',
    body: map({ name: 'a' }),
    status: 404,
    reason: 'NotFound',
    message: /^namespaces "nope" not found$/,
  },
  {
    title: 'an object that exists already',
    request: `POST ${maps}`,
    body: map({ name: 'there' }),
    status: 409,
    reason: 'AlreadyExists',
    message: /^configmaps "there" already exists$/,
  },
  {
    title: 'no such object',
    request: `GET ${maps}/nope`,
    status: 404,
    reason: 'NotFound',
    message: /^configmaps "nope" not found$/,
  },
  {
    title: 'no such resource',
    request: 'GET /api/v1/namespaces/NS/nopes',
    status: 404,
    reason: 'NotFound',
    message: /^the server could not find the requested resource$/,
  },
  {
    title: 'a replace of an old version',
    request: `PUT ${maps}/there`,
    body: map({ name: 'there', resourceVersion: '1' }),
    status: 409,
    reason: 'Conflict',
    message: /^Operation cannot be fulfilled on configmaps "there": the object has been modified; please apply your changes/,
  },
  {
    title: 'a replace under another name',
    request: `PUT ${maps}/there`,
    body: map({ name: 'other' }),
    status: 400,
    reason: 'BadRequest',
    message: /^the name of the object \(other\) does not match the name on the URL \(there\)$/,
  },
  {
    title: 'a replace of nothing',
    request: `PUT ${maps}/nope`,
    body: map({ name: 'nope' }),
    status: 404,
    reason: 'NotFound',
    message: /^configmaps "nope" not found$/,
  },
  {
    title: 'a delete of another uid',
    request: `DELETE ${maps}/there`,
    body: { preconditions: { uid: 'abc' } },
    status: 409,
    reason: 'Conflict',
    message:
      /^Operation cannot be fulfilled on ConfigMap "there": the UID in the precondition \(abc\) does not match the UID in record/,
  },
  {
    title: 'a delete of another version',
    request: `DELETE ${maps}/there`,
    body: { preconditions: { resourceVersion: '1' } },
    status: 409,
    reason: 'Conflict',
    message: /the ResourceVersion in the precondition \(1\) does not match the ResourceVersion in record/,
  },
  { title: 'a delete of nothing', request: `DELETE ${maps}/nope`, status: 404, reason: 'NotFound', message: /"nope" not found$/ },
  {
    title: 'an apply without a manager',
    request: `PATCH ${maps}/a`,
    type: APPLY,
    body: map({ name: 'a' }),
    status: 422,
    reason: 'Invalid',
    message: /fieldManager: Required value: is required for apply patch$/,
  },
  {
    title: 'force without apply',
    request: `PATCH ${maps}/there?force=true`,
    type: MERGE,
    body: {},
    status: 422,
    reason: 'Invalid',
    message: /force: Forbidden: may not be specified for non-apply patch$/,
  },
  {
    title: 'an apply with a value of the wrong type',
    request: `PATCH ${maps}/a?fieldManager=m`,
    type: APPLY,
    body: map({ name: 'a' }, { data: { a: 1 } }),
    status: 500,
    message:
      /^failed to create typed patch object \(.*; \/v1, Kind=ConfigMap\): \.data\.a: expected string, got &value\.valueUnstructured\{Value:1\}$/,
  },
  {
    title: 'an apply with a field that is not in the schema',
    request: `PATCH ${deployments}/bad?fieldManager=m`,
    type: APPLY,
    body: workload({ replica: 1 }),
    status: 500,
    message:
      /^failed to create typed patch object \(.*; apps\/v1, Kind=Deployment\): \.spec\.replica: field not declared in schema$/,
  },
  {
    title: 'an apply with two items of one key',
    request: `PATCH ${deployments}/bad?fieldManager=m`,
    type: APPLY,
    body: workload(
      template({ a: 'b' }, [
        { name: 'x', image: 'a' },
        { name: 'x', image: 'b' },
      ]),
    ),
    status: 500,
    message: /\.spec\.template\.spec\.containers: duplicate entries for key \[name="x"\]$/,
  },
  {
    title: 'an apply under another name',
    request: `PATCH ${maps}/a?fieldManager=m`,
    type: APPLY,
    body: map({ name: 'b' }),
    status: 400,
    reason: 'BadRequest',
    message: /^the name of the object \(b\) does not match the name on the URL \(a\)$/,
  },
  {
    title: 'an apply that brings managedFields',
    request: `PATCH ${maps}/a?fieldManager=m`,
    type: APPLY,
    body: map({ name: 'a', managedFields: [{}] }),
    status: 400,
    reason: 'BadRequest',
    message: /^metadata\.managedFields must be nil$/,
  },
  {
    title: 'an apply of another version of the API',
    request: `PATCH ${maps}/a?fieldManager=m`,
    type: APPLY,
    body: { ...map({ name: 'a' }), apiVersion: 'v2' },
    status: 400,
    reason: 'BadRequest',
    message: /^invalid object type: \/v2, Kind=ConfigMap$/,
  },
  {
    title: 'an apply into a namespace that does not exist',
    request: 'PATCH /api/v1/namespaces/nope/configmaps/a?fieldManager=m',
    type: APPLY,
    body: map({ name: 'a' }),
    status: 404,
    reason: 'NotFound',
    message: /^namespaces "nope" not found$/,
  },
  {
    title: 'an apply with another uid',
    request: `PATCH ${maps}/there?fieldManager=m`,
    type: APPLY,
    body: map({ name: 'there', uid: '3' }),
    status: 422,
    reason: 'Invalid',
    message: /metadata\.uid: Invalid value: "3": field is immutable/,
  },
  {
    title: 'an apply with an old version',
    request: `PATCH ${maps}/there?fieldManager=m`,
    type: APPLY,
    body: map({ name: 'there', resourceVersion: '3' }),
    status: 409,
    reason: 'Conflict',
    message: /^Operation cannot be fulfilled on configmaps "there": the object has been modified/,
  },
  {
    title: 'an apply with a uid of an object that is gone',
    request: `PATCH ${maps}/gone?fieldManager=m`,
    type: APPLY,
    body: map({ name: 'gone', uid: '3' }),
    status: 409,
    reason: 'Conflict',
    message: /uid mismatch: the provided object specified uid 3, and no existing object was found$/,
  },
  {
    title: 'a Deployment without anything',
    request: `PATCH ${deployments}/bad?fieldManager=m`,
    type: APPLY,
    body: workload({}),
    status: 422,
    reason: 'Invalid',
    message:
      /^Deployment\.apps "bad" is invalid: \[spec\.selector: Required value, spec\.template\.metadata\.labels: Invalid value: null: `selector` does not match template `labels`, spec\.template\.spec\.containers: Required value\]$/,
  },
  {
    title: 'a Deployment whose selector misses its pods',
    request: `PATCH ${deployments}/bad?fieldManager=m`,
    type: APPLY,
    body: workload(template({ a: 'c' }, [{ name: 'x', image: 'a' }])),
    status: 422,
    reason: 'Invalid',
    message: /spec\.template\.metadata\.labels: Invalid value: \{"a":"c"\}: `selector` does not match template `labels`$/,
  },
  {
    title: 'a container without an image',
    request: `PATCH ${deployments}/bad?fieldManager=m`,
    type: APPLY,
    body: workload(template({ a: 'b' }, [{ name: 'x' }])),
    status: 422,
    reason: 'Invalid',
    message: /spec\.template\.spec\.containers\[0\]\.image: Required value$/,
  },
  {
    title: 'a change of a Deployment’s selector',
    request: `PATCH ${deployments}/web?fieldManager=flux`,
    type: APPLY,
    body: { ...workload(template({ a: 'b' }, [{ name: 'app', image: 'a' }])), metadata: { name: 'web' } },
    status: 422,
    reason: 'Invalid',
    message:
      /^Deployment\.apps "web" is invalid: spec\.selector: Invalid value: \{"matchLabels":\{"a":"b"\}\}: field is immutable$/,
  },
  {
    title: 'a Secret that is not base64',
    request: 'POST /api/v1/namespaces/NS/secrets',
    body: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, data: { x: '%%%' } },
    status: 400,
    reason: 'BadRequest',
    message: /illegal base64 data at input byte 0$/,
  },
  {
    title: 'a Service without ports',
    request: 'POST /api/v1/namespaces/NS/services',
    body: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: {} },
    status: 422,
    reason: 'Invalid',
    message: /^Service "a" is invalid: spec\.ports: Required value$/,
  },
  {
    title: 'a CronJob with a bad schedule',
    request: 'POST /apis/batch/v1/namespaces/NS/cronjobs',
    body: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'a' },
      spec: {
        schedule: '* * *',
        jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } } },
      },
    },
    status: 422,
    reason: 'Invalid',
    message: /^CronJob\.batch "a" is invalid: spec\.schedule: Invalid value: "\* \* \*": /,
  },
  {
    title: 'a Job that restarts its pods always',
    request: 'POST /apis/batch/v1/namespaces/NS/jobs',
    body: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'a' },
      spec: { template: { spec: { containers: [{ name: 'a', image: 'a' }] } } },
    },
    status: 422,
    reason: 'Invalid',
    message: /spec\.template\.spec\.restartPolicy: Required value: valid values: "OnFailure", "Never"$/,
  },
  {
    title: 'a JSON patch whose test fails',
    request: `PATCH ${maps}/there`,
    type: JSON_PATCH,
    body: [{ op: 'test', path: '/data/a', value: '9' }],
    status: 422,
    reason: 'Invalid',
    message: /^the server rejected our request due to an error in our request$/,
  },
  {
    title: 'a patch of an unknown type',
    request: `PATCH ${maps}/there`,
    type: 'text/plain',
    body: '{}',
    status: 415,
    reason: 'UnsupportedMediaType',
    message: /Unsupported Media Type/,
  },
  {
    title: 'a merge patch with a value of the wrong type',
    request: `PATCH ${maps}/there`,
    type: MERGE,
    body: { data: { a: 2 } },
    status: 422,
    reason: 'Invalid',
    message: /json: cannot unmarshal number into Go struct field ConfigMap\.data of type string$/,
  },
  {
    title: 'a label selector that cannot be parsed',
    request: `GET ${maps}?labelSelector=a%3D%3D%3Db`,
    status: 400,
    reason: 'BadRequest',
    message: /^unable to parse requirement: /,
  },
  {
    title: 'a field selector for a field without an index',
    request: `GET ${maps}?fieldSelector=foo%3Db`,
    status: 400,
    reason: 'BadRequest',
    message: /^"foo" is not a known field selector: only "metadata\.name", "metadata\.namespace"$/,
  },
  {
    title: 'a continue token of somebody’s imagination',
    request: `GET ${maps}?limit=1&continue=abc`,
    status: 400,
    reason: 'BadRequest',
    message: /^invalid continue token: continue key is not valid/,
  },
  {
    title: 'a version of the future',
    request: `GET ${maps}?resourceVersion=99999999&resourceVersionMatch=Exact`,
    status: 504,
    reason: 'Timeout',
    message: /^Timeout: Too large resource version: 99999999, current: \d+$/,
  },
  {
    title: 'initial events without a match',
    request: `GET ${maps}?watch=1&sendInitialEvents=true`,
    status: 422,
    reason: 'Invalid',
    message: /resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan$/,
  },
  {
    title: 'the end of the default namespace',
    request: 'DELETE /api/v1/namespaces/default',
    status: 403,
    reason: 'Forbidden',
    message: /^namespaces "default" is forbidden: this namespace may not be deleted$/,
  },
  {
    title: 'a namespace that is no DNS label',
    request: 'PATCH /api/v1/namespaces/a.b?fieldManager=m',
    type: APPLY,
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a.b' } },
    status: 422,
    reason: 'Invalid',
    message: /^Namespace "a\.b" is invalid: metadata\.name: Invalid value: "a\.b": must not contain dots$/,
  },
  {
    title: 'an object larger than the server takes',
    request: `POST ${maps}`,
    body: map({ name: 'huge' }, { data: { a: 'x'.repeat(4 * 1024 * 1024) } }),
    status: 413,
    reason: 'RequestEntityTooLarge',
    message: /limit is 3145728/,
  },
];

describe('is refused', () => {
  test.each(CASES)('$title', async ({ request, type, body, status, reason, message }) => {
    const [method = '', path = ''] = request.replace('/NS/', `/${namespace}/`).split(' ');
    const answer = await target.call(method, path, { body, ...(type === undefined ? {} : { type }) });
    expect(answer.body).toMatchObject({
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message: expect.stringMatching(message),
    });
    expect([answer.status, answer.body.code, answer.body.reason]).toEqual([status, status, reason]);
  });
});

test('a path that is nothing gets plain text', async () => {
  const { status, body } = await target.call('GET', '/apis/nope/v1/things');
  expect([status, body.text]).toEqual([404, '404 page not found\n']);
});

test('unknown fields are warned of by default, dropped, and named', async () => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const { status, body, headers } = await target.call('POST', path, { body: map({ name: 'warned' }, { dat: { a: 'b' } }) });
  expect([status, body.dat, headers.warning]).toEqual([201, undefined, '299 - "unknown field \\"dat\\""']);
  const silent = await target.call('POST', `${path}?fieldValidation=Ignore`, { body: map({ name: 'silent' }, { dat: {} }) });
  expect([silent.status, silent.headers.warning]).toEqual([201, undefined]);
});
