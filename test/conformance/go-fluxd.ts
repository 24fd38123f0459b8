import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Request, type Script, ScriptedDaemon } from '../cli/daemon.ts';

export const REVISION = '4be1f0c2a7d94c0f5a0f6a1cb5f2d1a1e7a9b001';

const image = (ID: string) => ({ ID, Labels: {} });
const rollout = (replicas: number) => ({
  Desired: replicas,
  Updated: replicas,
  Ready: replicas,
  Available: replicas,
  Outdated: 0,
  Messages: null,
});
const workload = (ID: string, containers: readonly (readonly [string, string])[], given: object) => ({
  ID,
  Containers: containers.map(([Name, ref]) => ({ Name, Current: image(ref), LatestFiltered: image('') })),
  ReadOnly: '',
  Status: 'ready',
  Rollout: rollout(2),
  SyncError: '',
  Antecedent: '',
  Labels: null,
  Automated: true,
  Locked: false,
  Ignore: false,
  Policies: {},
  ...given,
});

const GIT_CONFIG = {
  remote: { url: 'ssh://git@example.org/acme/conf', branch: 'master', path: '' },
  publicSSHKey: { key: '', fingerprints: null },
  status: 'ready',
  errors: '',
};

/** What a Go fluxd 1.25 answers to each request of its own fluxctl, and nothing else. */
const ROUTES: Script = {
  'GET /flux/v6/services': [
    [
      workload('shop:helmrelease/pay', [['chart-image', 'reg.example.org/acme/pay:1.1']], { Status: '', Rollout: rollout(0) }),
      workload(
        'shop:deployment/cart',
        [
          ['cart', 'reg.example.org/acme/cart:1.3'],
          ['setup', 'reg.example.org/acme/init:0.2'],
        ],
        { Locked: true, Policies: { automated: 'true', locked: 'true' } },
      ),
    ],
  ],
  'GET /flux/v11/services': [null],
  'GET /flux/v10/images': [null],
  'POST /flux/v9/update-manifests': ['job-1'],
  'GET /flux/v6/jobs': [job({ result: {} })],
  'GET /flux/v6/sync': [[]],
  'POST /flux/v9/git-repo-config': [GIT_CONFIG],
};

function job(Result: object): object {
  return { Result, Err: '', StatusString: 'succeeded' };
}

/**
 * A Go fluxd as its clients see it: the routes of Flux v1 and nothing beside them. Everything else, `/api/v1` included, gets the
 * plain 404 of Go's HTTP server.
 */
export class GoFluxd implements AsyncDisposable {
  readonly #daemon: ScriptedDaemon;

  private constructor(daemon: ScriptedDaemon) {
    this.#daemon = daemon;
  }

  /** With other answers to some of its routes. */
  static async start(script: Script = {}): Promise<GoFluxd> {
    return new GoFluxd(await ScriptedDaemon.start({ ...ROUTES, ...script }));
  }

  static job(result: object): object {
    return job(result);
  }

  static gitConfig(parts: object): object {
    return { ...GIT_CONFIG, ...parts };
  }

  /** An API server of a cluster without any pod. */
  static async emptyCluster(): Promise<AsyncDisposable & { readonly kubeconfig: string }> {
    const list = { kind: 'PartialObjectMetadataList', metadata: { resourceVersion: '1' }, items: [] };
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(list));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const kubeconfig = {
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'u', user: {} }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    return {
      kubeconfig: JSON.stringify(kubeconfig),
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  get url(): string {
    return this.#daemon.url;
  }

  get requests(): readonly Request[] {
    return this.#daemon.requests;
  }

  /** Requests to Flux v1's API, `GET /v6/services?namespace=`. */
  get asked(): readonly string[] {
    return this.requests
      .filter(({ path }) => path.startsWith('/flux/'))
      .map(({ method, path }) => `${method} ${path.replace('/flux', '')}`);
  }

  /** Requests to anything else. */
  get strangers(): readonly string[] {
    return this.requests.filter(({ path }) => !path.startsWith('/flux/')).map(({ method, path }) => `${method} ${path}`);
  }

  /** The bodies of all updates. */
  get updates(): readonly string[] {
    return this.requests.filter(({ path }) => path === '/flux/v9/update-manifests').map(({ body }) => body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
  }
}
