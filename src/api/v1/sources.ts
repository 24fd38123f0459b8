import { redact } from '../../base/index.ts';
import type { Daemon } from '../../controller/index.ts';
import type { Sandboxes, SandboxLayers } from '../../repository/index.ts';
import type { Route } from '../route.ts';
import type { SandboxWire, SourcesWire } from '../wire/index.ts';
import { V1_PREFIX } from './prefix.ts';

/** `GET /api/v1/sources`: the repositories that the daemon syncs from, in the order of the configuration. */
export function sourceRoutes(daemon: Daemon): readonly Route[] {
  return [
    {
      methods: ['GET'],
      path: `${V1_PREFIX}/sources`,
      access: 'authorized',
      async handle() {
        const sandboxes = daemon.sandboxes();
        const body: SourcesWire = {
          sources: await Promise.all(daemon.sources.map((name) => sourceToWire(name, daemon.of(name)))),
          ...(sandboxes ? sandboxesToWire(sandboxes) : {}),
        };
        return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
      },
    },
  ];
}

function sandboxesToWire({ sandbox, networkSandbox }: Sandboxes): Pick<SourcesWire, 'sandbox' | 'networkSandbox'> {
  return { sandbox: sandboxToWire(sandbox), ...(networkSandbox ? { networkSandbox: sandboxToWire(networkSandbox) } : {}) };
}

function sandboxToWire(layers: SandboxLayers): SandboxWire {
  switch (layers.kind) {
    case 'container': {
      const { network: _network, ...shown } = layers;
      return shown;
    }
    case 'child-process':
      return { ...layers, lacks: [...layers.lacks] };
    case 'none':
      return layers;
  }
}

async function sourceToWire(name: string, daemon: Daemon): Promise<SourcesWire['sources'][number]> {
  const { url, branch, paths, state, webPages } = await daemon.gitConfig({ regenerateKey: false });
  const { revision } = daemon.objects();
  const { ready, reason } = daemon.readiness();
  return {
    name,
    url: redact(url),
    branch,
    paths: [...paths],
    status: state.status,
    ready,
    ...(reason === '' ? {} : { reason: redact(reason) }),
    ...(webPages ? { webPages: { ...webPages } } : {}),
    ...(revision === undefined ? {} : { revision }),
  };
}
