/**
 * Whole syncs of the built daemon beside `kubectl apply` and `kubectl apply --server-side` of the same files, in the same run
 * and against the same API server. Prints a table and the bounds, and writes bench/RESULTS.md.
 */
import { writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { runOk } from '../test/e2e/harness/process.ts';
import { fluxd, kubectl, type Result } from './contenders.ts';
import { mixedManifests } from './manifests.ts';

const sizes = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100, 1000];

const lines: string[] = [];
const say = (line = '') => {
  console.log(line);
  lines.push(line);
};

say('# Syncs beside kubectl');
say();
say(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version},`,
);
say(
  `Kubernetes ${JSON.parse(await runOk('kubectl', ['version', '--output=json'], { env: { KUBECONFIG: process.env.KUBECONFIG ?? '', HOME: tmpdir() } })).serverVersion.gitVersion}; API server and etcd on the same cores.`,
);
say('"first": nothing of it exists yet. "no-op": everything is as it should be. Ratios are to `kubectl apply --server-side`.');

await contest(20, 'warm-up'); // caches of kubectl, of the API server, of the disk
let failed = 0;
for (const size of sizes) {
  const { client, serverSide, ours } = await contest(size, `size-${size}`);
  say();
  say(`## ${size} objects`);
  say();
  say('| | first s | ratio | no-op s | ratio | first CPU s | no-op CPU s | peak MiB |');
  say('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const result of [client, serverSide, ours]) say(row(result, serverSide));
  say();
  bound(`first sync no slower than \`kubectl apply --server-side\``, serverSide.first.seconds / ours.first.seconds, 1);
  bound(
    `no-op sync at least 20 times faster than \`kubectl apply --server-side\``,
    serverSide.again.seconds / ours.again.seconds,
    20,
  );
}
writeFileSync(join(import.meta.dirname, 'RESULTS.md'), `${lines.join('\n')}\n`);
process.exitCode = failed === 0 ? 0 : 1;

/** Each contender has its own namespaces, with the same objects in them. */
async function contest(size: number, name: string) {
  const client = await kubectl('kubectl apply', mixedManifests(size, `${name}-client`), []);
  const serverSide = await kubectl('kubectl apply --server-side', mixedManifests(size, `${name}-server`), ['--server-side']);
  const ours = await fluxd(mixedManifests(size, `${name}-fluxd`));
  return { client, serverSide, ours };
}

function row({ name, first, again }: Result, reference: Result): string {
  const cells = [
    name,
    first.seconds.toFixed(2),
    (first.seconds / reference.first.seconds).toFixed(2),
    again.seconds.toFixed(3),
    (again.seconds / reference.again.seconds).toFixed(3),
    first.cpuSeconds.toFixed(2),
    again.cpuSeconds.toFixed(2),
    Math.max(first.peakMib, again.peakMib).toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** How many times faster we are, and have to be. */
function bound(what: string, faster: number, wanted: number): void {
  const holds = faster >= wanted;
  if (!holds) failed++;
  say(`- ${holds ? 'pass' : 'FAIL'}: ${what} (${faster.toFixed(1)} times faster)`);
}
