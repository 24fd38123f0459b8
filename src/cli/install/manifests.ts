import { dumpYaml } from '../../base/index.ts';
import chart from './chart.json' with { type: 'json' };

export interface Installation {
  readonly namespace: string;
  /** Image of fluxd. */
  readonly image: string;
  /** Flags of fluxd by name; undefined ones are omitted. */
  readonly flags: Readonly<Record<string, string | undefined>>;
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Binding extends Rendered {
  readonly subjects: readonly { readonly namespace: string }[];
}

interface Named {
  readonly name: string;
}

interface Container extends Named {
  image: string;
  args?: readonly string[];
  volumeMounts: readonly Named[];
}

interface Deployment extends Rendered {
  readonly spec: { readonly template: { readonly spec: { containers: readonly Container[]; volumes: readonly Named[] } } };
}

/** File names by kind, as in Flux v1. */
const FILES: Readonly<Record<string, string>> = {
  ServiceAccount: 'flux-account.yaml',
  ClusterRole: 'flux-account.yaml',
  ClusterRoleBinding: 'flux-account.yaml',
  Secret: 'flux-secret.yaml',
  ConfigMap: 'flux-config.yaml',
  Service: 'flux-service.yaml',
  NetworkPolicy: 'flux-network.yaml',
  Deployment: 'flux-deployment.yaml',
};

/**
 * The objects that run fluxd, as YAML by file name. They are rendered from charts/flux (`chart.json`, with every flag that can be set
 * here), so that both ways of installing agree.
 */
export function fluxManifests(installation: Installation): Readonly<Record<string, string>> {
  const files = new Map<string, string[]>(Object.values(FILES).map((file) => [file, []]));
  for (const object of chart as readonly Rendered[]) {
    const file = FILES[object.kind];
    if (!file) throw new Error(`no file name for kind ${object.kind} of chart.json`);
    files.get(file)?.push(dumpYaml(placed(object, installation)));
  }
  return Object.fromEntries([...files].map(([file, documents]) => [file, documents.join('---\n')]));
}

function placed(object: Rendered, installation: Installation): object {
  const { namespace } = installation;
  const moved = object.metadata.namespace === undefined ? object : { ...object, metadata: { ...object.metadata, namespace } };
  if (isBinding(moved)) return { ...moved, subjects: moved.subjects.map((subject) => ({ ...subject, namespace })) };
  return isDeployment(moved) ? configured(moved, installation) : moved;
}

function isBinding(object: Rendered): object is Binding {
  return 'subjects' in object;
}

function isDeployment(object: Rendered): object is Deployment {
  return object.kind === 'Deployment';
}

function configured(object: Deployment, { image, flags }: Installation): object {
  const deployment = structuredClone(object);
  const pod = deployment.spec.template.spec;
  if (flags['manifest-generation'] === undefined) {
    pod.containers = pod.containers.filter(isNotOfSandbox);
    pod.volumes = pod.volumes.filter(isNotOfSandbox);
  }
  for (const container of pod.containers) {
    container.image = image;
    if (flags['manifest-generation'] === undefined) container.volumeMounts = container.volumeMounts.filter(isNotOfSandbox);
    if (!container.args) continue;
    container.args = container.args.flatMap((argument) => {
      const name = argument.slice(2).split('=', 1)[0] ?? '';
      if (!Object.hasOwn(flags, name)) return argument;
      return flags[name] === undefined ? [] : `--${name}=${flags[name]}`;
    });
  }
  return deployment;
}

/** The sandbox container and its volumes are needed for manifest generation alone. */
function isNotOfSandbox({ name }: Named): boolean {
  return !name.startsWith('sandbox');
}
