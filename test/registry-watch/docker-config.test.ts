import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeCredential, parseDockerConfig } from '../../src/registry-watch/credentials/index.ts';

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });
const parse = (document: unknown) =>
  parseDockerConfig(typeof document === 'string' ? document : JSON.stringify(document), 'test');
const hosts = (document: unknown) => [...parse(document).byHost.keys()];
const problems = (document: unknown) => parse(document).problems.map(({ message }) => message);

describe('a Docker config', () => {
  test.each([
    ['h', 'h'],
    ['gcr.io', 'gcr.io'],
    ['10.1.2.3:5000', '10.1.2.3:5000'],
    ['localhost:5000/v2/', 'localhost:5000'],
    ['https://10.1.2.3:5000/v2', '10.1.2.3:5000'],
    ['https://my.host:5000/v2', 'my.host:5000'],
    ['http://my.host/', 'my.host'],
    ['https://index.docker.io/v1/', 'index.docker.io'],
    ['docker.io', 'index.docker.io'],
    ['registry-1.docker.io', 'index.docker.io'],
    ['GHCR.io', 'ghcr.io'],
    ['docker.io.evil.com', 'docker.io.evil.com'],
    ['evil.com/docker.io', 'evil.com'],
  ])('keeps the credentials of %j under the host %s', (key, host) => {
    expect(hosts({ auths: { [key]: auth('u:p') } })).toEqual([host]);
  });

  test.each([
    '',
    'https://',
    '^#bad.io/v1/',
    '/var/x',
    '*.gcr.io',
    'gcr.io@evil',
    'u:p@gcr.io',
    'a b',
    'ftp://gcr.io',
    'gcr.io:port',
    '../x',
  ])('refuses the host key %j and uses the others (S-057)', (key) => {
    const document = { auths: { [key]: auth('u:p'), 'good.io': auth('u:p') } };
    expect(hosts(document)).toEqual(['good.io']);
    expect(problems(document)).toEqual([expect.stringMatching(/(?:Invalid|Empty) registry auth url/)]);
    expect(problems(document)[0]).toContain(': entry 1: ');
  });

  test('is read in its older form without auths', () => {
    expect(hosts({ 'gcr.io': auth('u:p'), HttpHeaders: { 'User-Agent': 'x' } })).toEqual(['gcr.io']);
  });

  test('gives user name and password, the first colon between them', () => {
    const { byHost } = parse({ auths: { 'a.io': auth('user:pass:word'), 'b.io': { username: 'u', password: 'p' } } });
    expect([byHost.get('a.io')?.username, byHost.get('a.io')?.password.reveal()]).toEqual(['user', 'pass:word']);
    expect([byHost.get('b.io')?.username, byHost.get('b.io')?.password.reveal()]).toEqual(['u', 'p']);
  });

  test.each<[unknown, RegExp]>([
    [{ auths: { 'a.io': auth('nocolon') } }, /wrong number of fields \(expected 2, got 1\)/],
    [{ auths: { 'a.io': auth(':p') } }, /empty user name/],
    [{ auths: { 'a.io': {} } }, /has no credentials/],
    [{ auths: { 'a.io': null } }, /has no credentials/],
    [{ credHelpers: { 'gcr.io': 'gcloud' } }, /credHelpers, which only the file of --docker-config may/],
    [{ credsStore: 'desktop' }, /credsStore, which only the file of --docker-config may/],
    ['not json s3cret', /expected a JSON object/],
    [[], /expected a JSON object/],
    ['', /expected a JSON object/],
  ])('%j is reported', (document, message) => {
    expect(hosts(document)).toEqual([]);
    expect(problems(document)).toEqual([expect.stringMatching(message)]);
    expect(problems(document).join()).not.toContain('s3cret');
  });

  test('has identity tokens, which override user and password', () => {
    const { byHost } = parse({ auths: { 'a.io': { ...auth('u:p'), identitytoken: 't0ken' } } });
    expect(byHost.get('a.io')).toMatchObject({ kind: 'identity token' });
    expect(byHost.get('a.io')?.password.reveal()).toBe('t0ken');
  });

  test('names credential helpers in the file of the operator only', () => {
    const document = { auths: { 'a.io': {} }, credHelpers: { 'https://GCR.io/': 'gcloud' }, credsStore: 'pass' };
    const { helpers, problems: found } = parseDockerConfig(JSON.stringify(document), 'test', true);
    expect([[...helpers.byHost], helpers.store, found]).toEqual([[['gcr.io', 'gcloud']], 'pass', []]);
    expect(parse(document).helpers).toEqual({ byHost: new Map() });
  });

  test.each(['../x', '/bin/sh', 'a b', '', '-x', 'A', 'a\0b', '$(id)', 'x'.repeat(64), 5, null])(
    'refuses the helper %j (S-057)',
    (name) => {
      const document = JSON.stringify({ credHelpers: { 'gcr.io': name }, credsStore: name === '' ? '/' : name });
      const { helpers, problems: found } = parseDockerConfig(document, 'test', true);
      expect(helpers).toEqual({ byHost: new Map() });
      expect(found.map(({ message }) => message)).toEqual(
        Array(2).fill(expect.stringContaining('not the name of a program after docker-credential-')),
      );
    },
  );

  test('is printed without the password, which is kept', () => {
    const credential = parse({ auths: { 'localhost:5000': auth('u:s3cret') } }).byHost.get('localhost:5000');
    expect(describeCredential(credential)).toBe('<registry creds for u@localhost:5000, from test>');
    expect(inspect(credential) + JSON.stringify(credential)).not.toContain('s3cret');
    expect(describeCredential(undefined)).toBe('<zero creds>');
  });

  test('of any shape never throws, and pollutes nothing', () => {
    const key = fc.oneof(fc.constantFrom('auths', 'a.io', '__proto__', 'constructor', 'auth', 'username'), fc.string());
    fc.assert(
      fc.property(fc.jsonValue(), fc.dictionary(key, fc.jsonValue()), (value, record) => {
        parse(value);
        parse({ auths: record });
        parse(record);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
