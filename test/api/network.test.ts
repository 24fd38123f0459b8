import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import type { ReviewAccess } from '../../src/api/access/rights.ts';
import { FluxError } from '../../src/base/index.ts';
import type { AccessQuestion, AccessVerdict } from '../../src/resource/index.ts';
import { certificateFiles } from '../support/certificate-files.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/until.ts';
import { daemonOf, type Sent, send, sendRaw, serve, serveByTls } from './daemon-fixture.ts';
import { tokenIn } from './rbac.ts';

const PING = '/api/flux/v11/ping';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** An API server that knows one token with every right, and one with none; it remembers what it was asked. */
function reviewer(verdicts: Readonly<Record<string, AccessVerdict>> = {}) {
  const asked: AccessQuestion[] = [];
  const known: Readonly<Record<string, AccessVerdict>> = {
    good: { outcome: 'allowed', user: 'ann' },
    weak: { outcome: 'forbidden', user: 'bob' },
    ...verdicts,
  };
  const review: ReviewAccess = async (question) => {
    asked.push(question);
    return known[tokenIn(question)] ?? { outcome: 'unknown-token' };
  };
  return { review, asked };
}

describe('one port for TLS and plain HTTP', () => {
  const served = () => serveByTls(daemonOf(), reviewer().review);

  test('an unchanged probe by plain HTTP goes on, and so does one by TLS', async () => {
    await using api = await served();
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/flux/v6/identity.pub']) {
      expect((await api.get(path)).status, path).toBe(200);
      expect((await api.send(path, { ca: api.ca })).status, path).toBe(200);
    }
  });

  test('a connection that is kept alive, and bytes that come one by one, are served as ever', async () => {
    await using api = await served();
    const request = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
    const last = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    expect((await sendRaw(api.port, request + last)).match(/^HTTP\/1\.1 200/gm)).toHaveLength(2);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(api.port, '127.0.0.1', async () => {
        for (const byte of last) await new Promise((sent) => socket.write(byte, sent));
      });
      socket
        .setNoDelay(true)
        .on('data', (chunk) => (text += chunk))
        .on('error', reject)
        .on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('a large body comes through both ways', async () => {
    const daemon = daemonOf();
    await using api = await serveByTls(daemon, reviewer().review);
    const body = '{"type":"sync","spec":{}}'.padEnd(500_000);
    const sent: Sent = { method: 'POST', body, headers: bearer('good'), ca: api.ca };
    expect((await api.send('/api/flux/v9/update-manifests', sent)).status).toBe(200);
    expect(daemon.calls).toHaveLength(1);
  });

  test('what is neither, what breaks off, and what trusts us not, harms nobody', async () => {
    await using api = await served();
    for (const bytes of ['\x16', '\x16\x03\x01\xff\xff garbage', '\x80\x2e\x01', '\0\0\0\0']) {
      await new Promise<void>((resolve) => {
        const socket = connect(api.port, '127.0.0.1', () => socket.end(Buffer.from(bytes, 'latin1')));
        socket.on('error', () => {}).on('close', () => resolve());
        socket.resume();
      });
      await new Promise<void>((resolve) => {
        const socket = connect(api.port, '127.0.0.1', () =>
          socket.write(Buffer.from(bytes, 'latin1'), () => socket.resetAndDestroy()),
        );
        socket.on('error', () => {}).on('close', () => resolve());
      });
    }
    await new Promise<void>((resolve) => {
      tlsConnect(api.port, '127.0.0.1').on('error', () => resolve());
    });
    expect((await api.send('/healthz', { ca: api.ca })).status).toBe(200);
  });

  test('versions before TLS 1.2 are refused', async () => {
    await using api = await served();
    const failure = await new Promise((resolve) => {
      const socket = tlsConnect({ port: api.port, host: '127.0.0.1', ca: api.ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' });
      socket.on('secureConnect', () => resolve('served')).on('error', resolve);
    });
    expect(failure).toBeInstanceOf(Error);
  });

  test('who says nothing is sent away after ten seconds, and nobody else is (S-079)', async () => {
    using files = certificateFiles();
    const { cert } = files.renew();
    const clock = new ManualClock();
    await using api = await serve(daemonOf(), { clock, tls: { ...files, review: reviewer().review } });
    const gone: string[] = [];
    const open = (name: string, text: string) =>
      new Promise<void>((resolve) => {
        const socket = connect(api.port, '127.0.0.1', () => (text === '' ? resolve() : socket.write(text)));
        socket
          .on('data', () => resolve())
          .on('error', () => {})
          .on('close', () => gone.push(name));
      });
    await open('silent', '');
    await open('served', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect((await api.send('/healthz', { ca: cert })).status).toBe(200);
    clock.advance(9_999);
    expect((await api.get('/healthz')).status).toBe(200);
    expect(gone).toEqual([]);
    clock.advance(1);
    await until('it is sent away', () => gone.length > 0);
    expect(gone).toEqual(['silent']);
  });

  test('closing does not wait for those who say nothing', async () => {
    const api = await served();
    const socket = connect(api.port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('connect', resolve));
    const before = performance.now();
    await api[Symbol.asyncDispose]();
    expect(performance.now() - before).toBeLessThan(2900);
    socket.destroy();
  });
});

describe('the certificate', () => {
  const fingerprint = (port: number) =>
    new Promise<string>((resolve, reject) => {
      const socket = tlsConnect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
        resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
        socket.destroy();
      });
      socket.on('error', reject);
    });

  test('is read again when it was renewed; a half-written pair leaves the former in use', async () => {
    using files = certificateFiles();
    files.renew();
    const clock = new ManualClock();
    await using api = await serve(daemonOf(), { clock, tls: { ...files, review: reviewer().review } });
    const first = await fingerprint(api.port);
    expect(await fingerprint(api.port)).toBe(first);
    const formerKey = readFileSync(files.keyFile, 'utf8');
    const { key } = files.renew();
    writeFileSync(files.keyFile, formerKey);
    clock.advance(10_000);
    for (let look = 0; look < 3; look += 1) expect(await fingerprint(api.port)).toBe(first);
    writeFileSync(files.keyFile, key.slice(0, 60));
    clock.advance(10_000);
    for (let look = 0; look < 3; look += 1) expect(await fingerprint(api.port)).toBe(first);

    writeFileSync(files.keyFile, key);
    clock.advance(10_000);
    await until('the new one is served', async () => (await fingerprint(api.port)) !== first);
  });

  test('that is not there yet does not stop the start: plain HTTP is served, TLS once it has come', async () => {
    using files = certificateFiles();
    const clock = new ManualClock();
    await using api = await serve(daemonOf(), { clock, localAddress: '10.1.2.3', tls: { ...files, review: reviewer().review } });
    expect((await api.get('/healthz')).status).toBe(200);
    await expect(fingerprint(api.port)).rejects.toThrow();
    const { cert } = files.renew();
    clock.advance(10_000);
    expect((await api.send('/healthz', { ca: cert })).status).toBe(200);
  });
});

describe('who may come in from the network', () => {
  test('asks for the verb and the path, under a name of our own, since every token may get /api/*', async () => {
    const { review, asked } = reviewer();
    await using api = await serveByTls(daemonOf(), review);
    await api.send(`${PING}?x=1`, { headers: bearer('good'), ca: api.ca });
    await api.send('/api/flux/v9/git-repo-config', { method: 'POST', body: 'false', headers: bearer('good'), ca: api.ca });
    expect(asked).toEqual([
      { token: 'good', verb: 'get', path: '/fluxd/api/flux/v11/ping' },
      { token: 'good', verb: 'post', path: '/fluxd/api/flux/v9/git-repo-config' },
    ]);
  });

  test('who may read the deploy key or sync may not make a new one for that', async () => {
    const asked: string[] = [];
    const review: ReviewAccess = async (question) => {
      const path = 'path' in question ? question.path : '';
      asked.push(path);
      return { outcome: path.endsWith('/regenerate') ? 'forbidden' : 'allowed', user: 'ann' };
    };
    await using api = await serveByTls(daemonOf(), review);
    const post = (path: string, body: string) => {
      const headers = { ...bearer('good'), 'content-type': 'application/json' };
      return api.send(path, { method: 'POST', body, headers, ca: api.ca });
    };
    expect((await post('/api/flux/v9/git-repo-config', 'false')).status).toBe(200);
    expect((await post('/api/flux/v9/git-repo-config', 'true')).status).toBe(403);
    expect((await post('/api/flux/v6/identity.pub', '')).status).toBe(403);
    expect((await post('/api/v1/identity/regenerate', '{}')).status).toBe(403);
    expect(api.calls.map(({ argument }) => argument)).toEqual([{ regenerateKey: false }]);
    expect(asked).toContain('/fluxd/api/v1/identity/regenerate');
  });

  test.each([
    ['Bearer good', 204],
    ['bearer   good', 204],
    ['Scope-Probe token=good', 204],
    ['Bearer weak', 403],
    ['Bearer unknown', 403],
    ['Basic Z29vZA==', 403],
    ['good', 403],
    ['Bearer', 403],
    ['Bearer good good', 403],
    ['Scope-Probe good', 403],
    ['Token token=good', 403],
  ])('Authorization: %s → %i', async (authorization, status) => {
    await using api = await serveByTls(daemonOf(), reviewer().review);
    expect((await api.send(PING, { headers: { authorization }, ca: api.ca })).status).toBe(status);
  });

  test('fluxctl, which prints the help alone, tells why somebody is refused and what to do', async () => {
    await using api = await serveByTls(daemonOf(), reviewer().review);
    const { body } = await api.send(PING, { headers: { ...bearer('weak'), accept: 'application/json' }, ca: api.ca });
    expect(JSON.parse(body).help).toMatch(/^bob may not get \/fluxd\/api\/flux\/v11\/ping\n\nGrant rights to call fluxd with /);
  });

  test('a token without TLS is not even read', async () => {
    const { review, asked } = reviewer();
    await using api = await serveByTls(daemonOf(), review);
    expect((await api.get(PING, bearer('good'))).status).toBe(403);
    expect(asked).toEqual([]);
  });

  test('over loopback nobody is asked about a token, by TLS or not', async () => {
    using files = certificateFiles();
    const { cert } = files.renew();
    const { review, asked } = reviewer();
    await using api = await serve(daemonOf(), { tls: { ...files, review } });
    expect((await api.get(PING, bearer('unknown'))).status).toBe(204);
    expect((await api.send(PING, { headers: bearer('unknown'), ca: cert })).status).toBe(204);
    expect(asked).toEqual([]);
  });

  test('a page of another site may not, whoever it is (S-072)', async () => {
    await using api = await serveByTls(daemonOf(), reviewer().review);
    const from = (headers: Record<string, string>) => api.send(PING, { headers: { ...bearer('good'), ...headers }, ca: api.ca });
    expect((await from({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await from({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await from({ host: 'localhost:9', origin: 'https://localhost:9' })).status).toBe(204);
  });

  test('what is not served looks the same as what is not allowed (S-081)', async () => {
    await using api = await serveByTls(daemonOf(), reviewer().review);
    for (const headers of [{}, bearer('unknown')]) {
      const [served, unserved] = [
        await api.send(PING, { headers, ca: api.ca }),
        await api.send('/api/flux/v11/nope', { headers, ca: api.ca }),
      ];
      expect({ ...served, headers: { ...served.headers, date: '' } }).toEqual({
        ...unserved,
        headers: { ...unserved.headers, date: '' },
      });
    }
    const unserved = async () => (await api.send('/api/flux/v11/nope', { headers: bearer('good'), ca: api.ca })).status;
    expect(await unserved()).toBe(403);
    expect((await api.send(PING, { headers: bearer('good'), ca: api.ca })).status).toBe(204);
    // With a right, whichever, it may know what is served.
    expect(await unserved()).toBe(404);
  });

  test('an API server that cannot be asked means nobody, and does not mean us', async () => {
    const review = () => Promise.reject(new FluxError('API server https://10.0.0.1: refused', { code: 'cluster/unreachable' }));
    const daemon = daemonOf();
    await using api = await serveByTls(daemon, review);
    const { status, body } = await api.send('/api/flux/v6/services', { headers: bearer('good'), ca: api.ca });
    expect(status).toBe(503);
    expect(body).not.toContain('10.0.0.1');
    expect(daemon.calls).toEqual([]);
    expect((await api.send('/readyz', { ca: api.ca })).status).toBe(200);
  });

  test('a body is not read before its sender is known to have the right', async () => {
    await using api = await serveByTls(daemonOf(), reviewer().review);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = tlsConnect({ port: api.port, host: '127.0.0.1', ca: api.ca }, () =>
        socket.write('POST /api/v1/diffs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer weak\r\nContent-Length: 1000000\r\n\r\n{'),
      );
      socket
        .on('data', (chunk) => (text += chunk))
        .on('error', reject)
        .on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*\r\nConnection: close\r\n/i);
  });
});

describe('answers about rights', () => {
  const world = (review: ReviewAccess) => {
    const clock = new ManualClock();
    return { clock, open: () => serveTlsWith(clock, review) };
  };
  async function serveTlsWith(clock: ManualClock, review: ReviewAccess) {
    const files = certificateFiles();
    const { cert } = files.renew();
    const api = await serve(daemonOf(), { clock, localAddress: '10.1.2.3', tls: { ...files, review } });
    return {
      call: async (token: string, path = PING, from = '127.0.0.1') =>
        (await send(api.port, path, { headers: bearer(token), ca: cert, from })).status,
      async [Symbol.asyncDispose]() {
        await api[Symbol.asyncDispose]();
        files[Symbol.dispose]();
      },
    };
  }

  test('count for half a minute, a no for ten seconds: what was given or taken is noticed (S-086)', async () => {
    const verdicts: Record<string, AccessVerdict> = {};
    const asked: string[] = [];
    const { clock, open } = world(async (question) => {
      const token = tokenIn(question);
      asked.push(token);
      return verdicts[token] ?? { outcome: 'forbidden', user: 'x' };
    });
    await using api = await open();
    verdicts.a = { outcome: 'allowed', user: 'a' };
    expect([await api.call('a'), await api.call('a'), await api.call('b'), await api.call('b')]).toEqual([204, 204, 403, 403]);
    expect(asked).toEqual(['a', 'b']);
    [verdicts.a, verdicts.b] = [
      { outcome: 'forbidden', user: 'a' },
      { outcome: 'allowed', user: 'b' },
    ];
    clock.advance(10_000);
    expect([await api.call('a'), await api.call('b')]).toEqual([204, 204]);
    clock.advance(20_000);
    expect(await api.call('a')).toBe(403);
  });

  test('are one answer for all who ask the same at once, and never one for another path', async () => {
    let asked = 0;
    const answer = Promise.withResolvers<AccessVerdict>();
    const { open } = world((question) => {
      asked += 1;
      return 'path' in question && question.path.endsWith('/ping')
        ? answer.promise
        : Promise.resolve({ outcome: 'forbidden', user: 'ann' });
    });
    await using api = await open();
    const calls = Array.from({ length: 20 }, () => api.call('good'));
    await until('it is asked', () => asked === 1);
    answer.resolve({ outcome: 'allowed', user: 'ann' });
    expect(new Set(await Promise.all(calls))).toEqual(new Set([204]));
    expect(await api.call('good', '/api/flux/v11/version')).toBe(403);
    expect(asked).toBe(2);
  });

  test('are not given to an address that tries one wrong token after the other (S-081)', async () => {
    let asked = 0;
    const { clock, open } = world(async (question) => {
      const token = tokenIn(question);
      asked += 1;
      return token === 'good' ? { outcome: 'allowed', user: 'ann' } : { outcome: 'unknown-token' };
    });
    await using api = await open();
    expect(await api.call('good')).toBe(204);
    for (let guess = 0; guess < 20; guess += 1) expect(await api.call(`guess-${guess}`)).toBe(403);
    asked = 0;
    expect(await api.call('guess-20')).toBe(429);
    expect(await api.call('good')).toBe(204);
    expect(asked).toBe(0);
    clock.advance(10_000);
    expect(await api.call('guess-21')).toBe(403);
  });

  test('S-081: are not asked for about paths that are not served', async () => {
    let asked = 0;
    const { open } = world(async () => {
      asked += 1;
      return { outcome: 'allowed', user: 'ann' };
    });
    await using api = await open();
    for (let n = 0; n < 50; n++) expect(await api.call('weak', `/api/flux/v11/x${n}`)).toBe(403);
    expect(asked).toBe(0);
  });

  test('S-081: are not asked for without end by a token that lacks them, and others of its address go on', async () => {
    let asked = 0;
    const { clock, open } = world(async (question) => {
      const token = tokenIn(question);
      asked += 1;
      return { outcome: token === 'weak' ? 'forbidden' : 'allowed', user: token };
    });
    await using api = await open();
    const statuses: number[] = [];
    for (let n = 0; n < 200; n++) statuses.push(await api.call('weak', `/api/v1/syncs/random-${n}`));
    expect(asked).toBe(20);
    expect(statuses.filter((status) => status === 429)).toHaveLength(180);
    expect(await api.call('fresh')).toBe(204);
    clock.advance(10_000);
    expect(await api.call('weak')).toBe(403);
  });

  test('S-081: are asked for a hundred times a second at most, fifty times for one address', async () => {
    let asked = 0;
    const { clock, open } = world(async (question) => {
      const token = tokenIn(question);
      asked += 1;
      return { outcome: 'allowed', user: token };
    });
    await using api = await open();
    for (let n = 0; n < 80; n++) expect(await api.call(`t-${n}`)).toBe(n < 50 ? 204 : 429);
    expect(await api.call('other', PING, '127.0.0.2')).toBe(204);
    clock.advance(1000);
    for (let from = 2; from <= 5; from++) for (let n = 0; n < 40; n++) await api.call(`t-${from}-${n}`, PING, `127.0.0.${from}`);
    expect(asked).toBe(51 + 100);
  });

  test('are asked for a few at a time, and others find room while one address floods', async () => {
    const answer = Promise.withResolvers<AccessVerdict>();
    let asked = 0;
    const { open } = world(() => {
      asked += 1;
      return answer.promise;
    });
    await using api = await open();
    const refused: string[] = [];
    const callFrom = (from: string) =>
      Array.from({ length: 20 }, async (_, index) => {
        if ((await api.call(`${from}-${index}`, PING, from)) === 429) refused.push(from);
      });
    const calls = callFrom('127.0.0.1');
    await until('some are refused', () => asked === 16 && refused.length === 4);
    const others = callFrom('127.0.0.2');
    await until('others are asked about', () => asked === 32 && refused.length === 8);
    answer.resolve({ outcome: 'forbidden', user: 'x' });
    await Promise.all([...calls, ...others]);
    expect([asked, refused.length]).toEqual([32, 8]);
  });
});
