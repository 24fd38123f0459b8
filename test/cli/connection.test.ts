import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PodServer } from '../cluster/pod-server.ts';
import { fluxctl } from './daemon.ts';

let server: PodServer;
let directory: string;
let kubeconfig: string;
const port = { open: 0, closed: 1 };

beforeEach(async () => {
  server = new PodServer();
  server.pods = { 'app=flux': ['flux-1'] };
  port.open = await server.start();
  directory = mkdtempSync(join(tmpdir(), 'fluxctl-connection-'));
  kubeconfig = join(directory, 'kubeconfig');
  write({});
});
afterEach(() => {
  server.stop();
  rmSync(directory, { recursive: true });
});

function write({ at = port.open, user = { token: 't' } as object, cluster = 'c' }): void {
  const config = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${at}` } }],
    users: [{ name: 'u', user }],
    contexts: ['prod', 'staging'].map((name) => ({ name, context: { cluster, user: 'u' } })),
    'current-context': 'prod',
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
}

const listed = async (...flags: readonly string[]) => {
  const { code, stdout, stderr } = await fluxctl(['list-workloads', '-a', '--k8s-fwd-ns=flux', ...flags], {
    KUBECONFIG: kubeconfig,
  });
  expect([code, stdout]).toEqual([1, '']);
  const [message, usage, blank, ...advice] = stderr.trimEnd().split('\n');
  expect([usage, blank]).toEqual(["Run 'fluxctl list-workloads --help' for usage.", '']);
  return [message, advice.join('\n')];
};

describe('a way to the daemon that is closed is told in one message, with what to do', () => {
  test('the API server is down', async () => {
    write({ at: port.closed });
    expect(await listed()).toEqual([
      'Error: Could not create a dialer: Could not get pod name: API server http://127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1',
      expect.stringContaining('Try: kubectl version.'),
    ]);
  });

  test('the token has expired', async () => {
    server.status = 401;
    expect(await listed()).toEqual([
      'Error: Could not create a dialer: Could not get pod name: Unauthorized',
      expect.stringContaining('Log in again'),
    ]);
  });

  test('the program that gives the token is not there', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-login', interactiveMode: 'Never' };
    write({ user: { exec } });
    expect(await listed()).toEqual([
      `Error: Could not create a dialer: Could not get pod name: credentials of kubeconfig ${kubeconfig}, context "prod": spawn no-such-login ENOENT`,
      expect.stringContaining('The credential plugin or file of the kubeconfig failed'),
    ]);
  });

  test('the context does not exist', async () => {
    expect(await listed('--context=pord')).toEqual([
      `Error: Could not load kubernetes configuration file: context "pord" does not exist in kubeconfig ${kubeconfig}`,
      'The kubeconfig has: "prod", "staging".',
    ]);
  });

  test('no kubeconfig is there', async () => {
    kubeconfig = join(directory, 'missing');
    expect(await listed()).toEqual([
      'Error: Could not load kubernetes configuration file: invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable',
      expect.stringContaining('--url'),
    ]);
  });

  test('a context is named, and no kubeconfig is there', async () => {
    kubeconfig = join(directory, 'missing');
    const message = 'Could not load kubernetes configuration file: context "nope" does not exist: there is no kubeconfig';
    expect(await listed('--context=nope')).toEqual([`Error: ${message}`, expect.stringContaining('KUBECONFIG')]);
  });

  test('the context names a cluster that the file does not have', async () => {
    write({ cluster: 'other' });
    const message = `context "prod" of kubeconfig ${kubeconfig} names cluster "other", which has no server there`;
    expect((await listed())[0]).toContain(message);
  });

  test('the file is no kubeconfig', async () => {
    writeFileSync(kubeconfig, 'a: b\n  c: d\n');
    const { stderr } = await fluxctl(['list-workloads', '-a'], { KUBECONFIG: kubeconfig });
    expect(stderr).toContain(`Could not load kubernetes configuration file: kubeconfig ${kubeconfig}: `);
  });

  test('the namespace of the daemon is empty', async () => {
    expect((await fluxctl(['list-workloads', '-a', '--k8s-fwd-ns='], { KUBECONFIG: kubeconfig })).stderr).toContain(
      'Error: --k8s-fwd-ns must not be empty',
    );
  });

  test('pods may not be listed', async () => {
    server.status = 403;
    expect(await listed()).toEqual([
      'Error: Could not create a dialer: Could not get pod name: pods is forbidden',
      expect.stringContaining('create pods/portforward in namespace "flux"'),
    ]);
  });

  test.each<[number, string, string]>([
    [403, 'pods/portforward is forbidden', 'create pods/portforward in namespace "flux"'],
    [401, 'Unauthorized', 'Log in again'],
  ])('the port-forward is answered with %i', async (status, message, advice) => {
    server.upgradeStatus = status;
    expect(await listed()).toEqual([
      `Error: Could not forward a port to pod flux/flux-1: ${message}`,
      expect.stringContaining(advice),
    ]);
  });

  test('nothing listens in the pod', async () => {
    server.complaint = 'dial tcp4 127.0.0.1:3030: connect: connection refused\n';
    expect(await listed()).toEqual([
      'Error: Could not forward a port to pod flux/flux-1: dial tcp4 127.0.0.1:3030: connect: connection refused',
      'fluxd must listen on port 3030 (--listen) and be up: kubectl -n flux logs flux-1.',
    ]);
  });
});

describe('a way to the daemon that breaks and comes back', () => {
  const ENV = () => ({ KUBECONFIG: kubeconfig });
  const RELEASE = ['release', '--all', '--update-all-images', '--user=ann', '--k8s-fwd-ns=flux'];
  const asked = () => server.forwarded.map((path) => /flux-\d/.exec(path)?.[0]);

  test('is not noticed by who only looks', async () => {
    server.reply = () => 'null';
    server.breaks = 2;
    const { code, stderr } = await fluxctl(['list-workloads', '-a', '--k8s-fwd-ns=flux'], ENV());
    expect([code, stderr]).toEqual([0, 'No workloads found\n']);
    expect(server.forwarded).toHaveLength(3);
  });

  test('is waited for with a job, also at another pod', async () => {
    const lines: string[] = [];
    server.reply = (line) => {
      lines.push(line);
      if (line.startsWith('POST')) {
        server.breaks = 4;
        server.pods = { 'app=flux': ['flux-2'] };
        server.gone = ['flux-1'];
        return '"job-1"';
      }
      return JSON.stringify({ Result: { result: {} }, Err: '', StatusString: 'succeeded' });
    };
    const { code, stderr } = await fluxctl(RELEASE, ENV());
    expect(stderr.split('\n')).toEqual([
      'Submitting release ...',
      expect.stringMatching(/^Warning: no answer from the daemon, retrying: .*EOF$/),
      'The daemon answers again.',
      '',
    ]);
    expect([code, lines]).toEqual([
      0,
      ['POST /api/flux/v9/update-manifests HTTP/1.1', 'GET /api/flux/v6/jobs?id=job-1 HTTP/1.1'],
    ]);
    expect(asked().at(-1)).toBe('flux-2');
  });

  test('is told with what may have been done', async () => {
    server.breaks = 1;
    const { code, stderr } = await fluxctl(RELEASE, ENV());
    expect([code, server.forwarded.length]).toEqual([1, 1]);
    expect(stderr).toContain('The daemon may or may not have accepted the release');
  });

  test('is told as what it is when nothing can have been done', async () => {
    server.complaint = 'dial tcp4 127.0.0.1:3030: connect: connection refused\n';
    const { code, stderr } = await fluxctl(RELEASE, ENV());
    expect([code, server.forwarded.length]).toEqual([1, 3]);
    expect(stderr).toContain('fluxd must listen on port 3030');
    expect(stderr).not.toContain('may have taken');
  });
});
