import type { Fluxd, FluxdOptions } from './fluxd.ts';
import { deployment, namespace } from './manifests.ts';
import type { Repository } from './repository.ts';
import type { World } from './world.ts';

export interface ShopOptions {
  /** Versions of the image in the registry, which are its tags; the Deployment has the first. */
  readonly versions: readonly [string, ...string[]];
  /** Annotations of the Deployment. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly fluxd?: Partial<FluxdOptions> | undefined;
}

/** A namespace with a Deployment `web` in Git, and a daemon that has synced it. */
export interface Shop {
  readonly fluxd: Fluxd;
  readonly repository: Repository;
  readonly namespace: string;
  /** The id of the Deployment. */
  readonly workload: string;
  /** The name of its image in the registry, and the same with the registry's host; both without a tag. */
  readonly name: string;
  readonly image: string;
  /** The commit that opened the shop. */
  readonly first: string;
  /** The manifest of the Deployment, as Git has it now. */
  text(): Promise<string>;
}

export async function openShop(world: World, { versions, annotations, fluxd: options = {} }: ShopOptions): Promise<Shop> {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  for (const version of versions) await world.push(name, version, { version });
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': namespace(shop),
    'web.yaml': deployment({ namespace: shop, name: 'web', image: `${image}:${versions[0]}`, annotations }),
  });
  const fluxd = await world.fluxd(repository, options);
  await repository.synced(first);
  return {
    fluxd,
    repository,
    namespace: shop,
    workload: `${shop}:deployment/web`,
    name,
    image,
    first,
    text: () => repository.text('web.yaml'),
  };
}
