import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createTerminal, type Terminal } from './demo/terminal.ts';
import { walk } from './demo/walk.ts';
import { startWorld, type World } from './demo/world.ts';

const once = process.argv.includes('--once');
const terminal = createTerminal((text) => process.stdout.write(text));
terminal.text('The real fluxd and fluxctl, on an embedded Kubernetes API, image registry and Git server.');
const startedAt = performance.now();
const world = await startWorld();
process.once('SIGINT', () => void end(130));
process.once('SIGTERM', () => void end(143));
try {
  await untilServing(world.api);
  await walk(world, terminal);
  terminal.text(`\nEvery step was verified, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
  if (once) await end(0);
  else invite(world, terminal);
} catch (error) {
  process.stderr.write(
    `\n${error instanceof Error ? error.message : String(error)}\n\nThe daemon's log:\n${await readFile(world.daemonLog, 'utf8')}\n`,
  );
  await end(1);
}

async function untilServing(api: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const answer = await fetch(new URL('/readyz', api)).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error('fluxd did not become ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Keeps the demo running for the user, and publishes images on request. */
function invite({ kubeconfig, api, clone, repositoryUrl, registry, daemonLog }: World, { text }: Terminal): void {
  text(`
It stays up. In another terminal:

   export FLUX_URL=${api} KUBECONFIG=${kubeconfig}
   alias fluxctl='${process.execPath} ${join(import.meta.dirname, '../dist/fluxctl.js')}'
   fluxctl list-workloads --all-namespaces
   fluxctl list-images --namespace shop
   fluxctl ui                                       # the web page, ${new URL('/ui/', api)}
   kubectl get deployments --all-namespaces         # it reads; to write, it needs -f with a file of YAML or JSON

   # edit ${clone}/shop/settings.yaml, or a clone of your own (git clone ${repositoryUrl}), then:
   git -C ${clone} commit -am "A change" && git -C ${clone} pull --rebase && git -C ${clone} push && fluxctl sync

   # to another version; as cart is automated, Flux then takes it to the newest again
   fluxctl release --namespace shop --workload deployment/cart --update-image ${registry.host}/shop/cart:1.2.0

   tail -f ${daemonLog}

Here: type \`push shop/cart 1.4.0\` to publish a new image. Ctrl-C ends.`);
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [verb, repository, tag] = line.trim().split(/\s+/);
    if (verb !== 'push' || repository === undefined || tag === undefined)
      return text('Type `push REPOSITORY TAG`, for example `push shop/cart 1.4.0`.');
    registry.pushImage({ repository, tag, created: new Date() });
    text(`published ${registry.host}/${repository}:${tag}`);
  });
}

async function end(code: number): Promise<never> {
  await world.stop();
  process.exit(code);
}
