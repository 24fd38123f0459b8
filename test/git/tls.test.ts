import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { plant } from '../support/canaries.ts';
import { certificate, hasOpenssl } from '../support/certificate.ts';
import { thorough } from '../support/sampled.ts';
import { startProxy } from './support/connect-proxy.ts';
import { rootOf, serveGitOverHttp } from './support/http-server.ts';
import { createRemote, failureOf, sourceOf, temporaryDirectory } from './support/repository.ts';

function files(content: Readonly<Record<string, string>>): (name: string) => string {
  const directory = temporaryDirectory();
  for (const [name, text] of Object.entries(content)) writeFileSync(join(directory, name), text, { mode: 0o600 });
  return (name) => join(directory, name);
}

describe.skipIf(!hasOpenssl())('over https', () => {
  const [host, other, client] = hasOpenssl() ? [certificate(), certificate(), certificate()] : [];

  test('a certificate of a private authority is accepted by its file alone', async () => {
    if (!host || !other) throw new Error('no certificate');
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path), { tls: host });
    const file = files({ 'ca.pem': host.cert, 'other.pem': other.cert, 'no.pem': 'hello' });
    const fetchBy = (caFile?: string) =>
      sourceOf(`${server.origin}/remote.git`, caFile === undefined ? {} : { tls: { caFile } }).fetch();
    expect(await fetchBy(file('ca.pem'))).toBe(remote.git('rev-parse', 'main'));
    for (const caFile of [undefined, file('other.pem'), file('no.pem'), file('missing.pem')])
      expect(await failureOf(fetchBy(caFile)), caFile).toMatchObject({
        code: 'git/tls',
        help: expect.stringContaining('--git-ca-file'),
      });
  });

  test.runIf(thorough('client certificates'))('a client certificate is shown to a host that wants one', async () => {
    if (!host || !other || !client) throw new Error('no certificate');
    const remote = createRemote();
    const server = await serveGitOverHttp(rootOf(remote.path), { tls: { ...host, ca: client.cert } });
    const file = files({
      'ca.pem': host.cert,
      'client.pem': client.cert,
      'client.key': client.key,
      'other.pem': other.cert,
      'other.key': other.key,
    });
    const fetchAs = (name?: string) =>
      sourceOf(`${server.origin}/remote.git`, {
        tls: {
          caFile: file('ca.pem'),
          ...(name === undefined ? {} : { client: { certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) } }),
        },
      }).fetch();
    expect(await fetchAs('client')).toBe(remote.git('rev-parse', 'main'));
    expect(await failureOf(fetchAs('missing'))).toMatchObject({ code: 'git/tls' });
    // What git makes of a server that closes the connection depends on the moment.
    for (const name of [undefined, 'other']) expect((await failureOf(fetchAs(name))).message).toContain('unable to access');
  });

  test.runIf(thorough('tokens through a proxy')).each(['bearer', 'basic'] as const)(
    'a proxy passes on the connection, and never sees a token sent as %s',
    async (type) => {
      if (!host) throw new Error('no certificate');
      const remote = createRemote();
      const { token } = plant('token');
      const admits = (given: string) =>
        given === (type === 'bearer' ? `Bearer ${token}` : `Basic ${Buffer.from(`x-token-auth:${token}`).toString('base64')}`);
      const server = await serveGitOverHttp(rootOf(remote.path), { tls: host, admits });
      const proxy = await startProxy();
      const file = files({ 'ca.pem': host.cert, token });
      const fetchWith = async (variables: Readonly<Record<string, string>>) => {
        proxy.reset();
        await sourceOf(`${server.origin}/remote.git`, {
          authentication: { kind: 'token-file', file: file('token'), type },
          tls: { caFile: file('ca.pem') },
          environment: { PATH: process.env.PATH, ...variables },
        }).fetch();
      };
      for (const variable of ['HTTPS_PROXY', 'https_proxy']) {
        await fetchWith({ [variable]: proxy.url });
        expect(proxy.connects()).toContain(`127.0.0.1:${server.port}`);
        for (const form of [token, Buffer.from(`x-token-auth:${token}`).toString('base64')])
          expect(proxy.seen().includes(form)).toBe(false);
      }
      await fetchWith({ HTTPS_PROXY: proxy.url, NO_PROXY: '127.0.0.1' });
      expect(proxy.connects()).toEqual([]);
      await fetchWith({ HTTP_PROXY: proxy.url });
      expect(proxy.connects()).toEqual([]);
    },
  );
});
