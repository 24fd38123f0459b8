/**
 * `node bench/profile.ts [--size=5000] [--api=embedded|real] [--out=DIRECTORY] first|no-op|one-change|restart|heap`: where the built daemon
 * spends its time, or what holds its memory, in one case. Prints the functions that take the most; the whole profile is written for
 * Chrome's developer tools. Build before (`npm run build`).
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { createRepository } from '../test/e2e/harness/repository.ts';
import { startControlPlane, startEmbeddedApi } from './api-server.ts';
import { type Fluxd, startFluxd } from './contenders/fluxd.ts';
import { connectInspector, type Inspector } from './inspector.ts';
import { configMapsOf, mixedManifests } from './manifests.ts';
import { type CpuProfile, heapShares, type SamplingHeapProfile, selfShares } from './profile-shares.ts';

const PHASES = ['first', 'no-op', 'one-change', 'restart', 'heap'] as const;
/** Short syncs are profiled together, so that there is enough to see. */
const REPEATS = 20;
const SAMPLING_US = 200;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '5000' },
    api: { type: 'string', default: 'embedded' },
    out: { type: 'string', default: mkdtempSync(join(tmpdir(), 'flux-profile-')) },
  },
});
const phase = PHASES.find((each) => each === positionals[0]);
if (!phase) {
  console.error(`usage: node bench/profile.ts [--size=N] [--api=embedded|real] [--out=DIRECTORY] ${PHASES.join('|')}`);
  process.exit(2);
}
const size = Number(values.size);
const out = resolve(values.out);
mkdirSync(out, { recursive: true });

const [serving, laying] = [values.api === 'real' ? startControlPlane() : startEmbeddedApi(), createRepository()];
let starting: Promise<Fluxd> | undefined;
let cleaning: Promise<void> | undefined;
const cleanUp = () => {
  cleaning ??= (async () => {
    await (await starting)?.end();
    await (await serving).stop();
    (await laying).remove();
  })();
  return cleaning;
};
// Interrupted at any moment, it leaves no control plane running.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await cleanUp();
    process.exit(1);
  });
}
const [server, repository] = await Promise.all([serving, laying]);
const files = mixedManifests(size, 'profile');
try {
  await repository.commit('Nothing yet', { 'README.md': 'nothing yet\n' });
  const { fluxd, inspector } = await startInspected();
  if (phase === 'heap') await inspector.send('HeapProfiler.startSampling', { samplingInterval: 16_384 });
  await repository.commit('Everything', files);
  if (phase === 'first') await profiled(inspector, async () => report(await fluxd.sync({ created: size })));
  else await fluxd.sync({ created: size });
  await server.quiet();

  if (phase === 'no-op')
    await profiled(inspector, async () => {
      for (let n = 0; n < REPEATS; n++) report(await commitAndSync(fluxd, 'README.md', `${n}\n`, { unchanged: size }));
    });
  if (phase === 'one-change') {
    const [path = '', text] = configMapsOf(files)[0] ?? [];
    await profiled(inspector, async () => {
      for (let n = 0; n < REPEATS; n++)
        report(await commitAndSync(fluxd, path, `${text}    # ${n}\n`, { configured: 1, unchanged: size - 1 }));
    });
  }
  if (phase === 'heap') {
    for (let n = 0; n < 2; n++) await commitAndSync(fluxd, 'README.md', `${n}\n`, { unchanged: size });
    console.log(`resident ${fluxd.residentMib().toFixed(0)} MiB, peak ${fluxd.peakMib().toFixed(0)} MiB`);
    await inspector.send('HeapProfiler.collectGarbage');
    console.log(JSON.stringify(await inspector.evaluate('process.memoryUsage()')));
    console.log(`resident after a collection ${fluxd.residentMib().toFixed(0)} MiB`);
    const { profile } = await inspector.send('HeapProfiler.stopSampling');
    write('heap.heapprofile', profile);
    show(heapShares(profile as SamplingHeapProfile), 'MiB alive');
  }
  if (phase === 'restart') {
    inspector.close();
    await fluxd.end();
    starting = startFluxd({
      kubeconfig: server.kubeconfig,
      repository,
      nodeFlags: ['--cpu-prof', `--cpu-prof-dir=${out}`, `--cpu-prof-interval=${SAMPLING_US}`],
    });
    const again = await starting;
    report(again.start);
    await again.end('SIGTERM');
    const [file = ''] = readdirSync(out).filter((name) => name.endsWith('.cpuprofile'));
    show(selfShares(JSON.parse(readFileSync(join(out, file), 'utf8'))), 'ms');
  }
} finally {
  await cleanUp();
}
console.log(`profile in ${out}`);

async function startInspected() {
  starting = startFluxd({ kubeconfig: server.kubeconfig, repository, nodeFlags: ['--inspect=127.0.0.1:0'] });
  const fluxd = await starting;
  return { fluxd, inspector: await connectInspector(fluxd.inspectorUrl()) };
}

async function profiled(inspector: Inspector, act: () => Promise<void>): Promise<void> {
  await inspector.send('Profiler.enable');
  await inspector.send('Profiler.setSamplingInterval', { interval: SAMPLING_US });
  await inspector.send('Profiler.start');
  await act();
  const { profile } = await inspector.send('Profiler.stop');
  write(`${phase}.cpuprofile`, profile);
  show(selfShares(profile as CpuProfile), 'ms');
}

function commitAndSync(fluxd: Fluxd, path: string, text: string, expected: Readonly<Record<string, number>>) {
  return repository.commit('A change', { [path]: text }).then(() => fluxd.sync(expected));
}

function report({
  seconds,
  daemonMs,
  cpuSeconds,
}: {
  readonly seconds: number;
  readonly daemonMs: number;
  readonly cpuSeconds: number;
}) {
  console.log(`whole ${(seconds * 1000).toFixed(0)} ms, in the daemon ${daemonMs} ms, CPU ${(cpuSeconds * 1000).toFixed(0)} ms`);
}

function write(name: string, profile: unknown): void {
  writeFileSync(join(out, name), JSON.stringify(profile));
}

function show(shares: ReadonlyMap<string, number>, unit: string): void {
  const all = [...shares.values()].reduce((sum, value) => sum + value, 0);
  console.log(`${all.toFixed(0)} ${unit} in all`);
  for (const [name, value] of [...shares].sort((a, b) => b[1] - a[1]).slice(0, 40))
    console.log(`${value.toFixed(1).padStart(9)} ${((100 * value) / all).toFixed(1).padStart(5)} %  ${name}`);
}
