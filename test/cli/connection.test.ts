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

function write({ at = port.open, user = { token: 't' } as object }): void {
  const config = {
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${at}` } }],
    users: [{ name: 'u', user }],
    contexts: ['prod', 'staging'].map((name) => ({ name, context: { cluster: 'c', user: 'u' } })),
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
      'Error: Could not create a dialer: Could not get pod name: credentials of the kubeconfig: spawn no-such-login ENOENT',
      expect.stringContaining('The kubeconfig names a program'),
    ]);
  });

  test('the context does not exist', async () => {
    expect(await listed('--context=pord')).toEqual([
      'Error: Could not load kubernetes configuration file: context "pord" does not exist',
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
