/**
 * Measures what is promised of speed and size, each promise beside the peer it names, in the same run. Prints the tables; a run
 * of everything also writes bench/RESULTS.md. Exit code 1 when a bound does not hold.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../src/base/index.ts';
import { ROOT, runOk } from '../test/e2e/harness/process.ts';
import type { Case, CaseResult } from './case.ts';
import { apiLoad } from './cases/api-load.ts';
import { applications } from './cases/applications.ts';
import { besideFluxV2 } from './cases/beside-flux-v2.ts';
import { decisions } from './cases/decisions.ts';
import { drift } from './cases/drift.ts';
import { firstSync } from './cases/first-sync.ts';
import { fluxctlStart } from './cases/fluxctl-start.ts';
import { gitBesideGit } from './cases/git.ts';
import { growth } from './cases/growth.ts';
import { halfOpen } from './cases/half-open.ts';
import { helm } from './cases/helm.ts';
import { imageUpdate } from './cases/image-update.ts';
import { kubectlTwice } from './cases/kubectl-twice.ts';
import { kustomize } from './cases/kustomize.ts';
import { memory } from './cases/memory.ts';
import { noOp } from './cases/no-op.ts';
import { noOpBesideKubectl } from './cases/no-op-beside-kubectl.ts';
import { oneChange } from './cases/one-change.ts';
import { page } from './cases/page.ts';
import { registryCache } from './cases/registry-cache.ts';
import { registryScan } from './cases/registry-scan.ts';
import { release } from './cases/release.ts';
import { restart } from './cases/restart.ts';
import { sops } from './cases/sops.ts';
import { verifySignatures } from './cases/verify-signatures.ts';
import { viewers } from './cases/viewers.ts';
import { webhookLoad } from './cases/webhook-load.ts';
import { createLab } from './lab.ts';
import { caseLines } from './table.ts';

/** In an order that lets those of one size share a control plane; `memory` is about the daemon that made the first sync. */
const CASES: readonly Case[] = [
  fluxctlStart,
  kubectlTwice,
  firstSync,
  besideFluxV2,
  noOpBesideKubectl,
  memory,
  noOp,
  oneChange,
  drift,
  restart,
  decisions,
  registryScan,
  registryCache,
  verifySignatures,
  applications,
  growth,
  gitBesideGit,
  kustomize,
  helm,
  sops,
  imageUpdate,
  release,
  webhookLoad,
  apiLoad,
  viewers,
  page,
  halfOpen,
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { scale: { type: 'string', default: '1' } } });
const scale = Number(values.scale);
const unknown = positionals.filter((name) => !CASES.some((each) => each.name === name));
if (unknown.length > 0 || !(scale > 0)) {
  console.error(`usage: npm run bench [-- [--scale=NUMBER] CASE...]\ncases: ${CASES.map(({ name }) => name).join(' ')}`);
  process.exit(2);
}
const isWhole = positionals.length === 0 && scale === 1;

const lines: string[] = [];
const write = (...more: readonly string[]) => {
  for (const line of more) console.log(line);
  lines.push(...more);
};
write('# Speed and size', '', ...(await circumstances()));
const lab = createLab(scale);
const failed: string[] = [];
try {
  for (const each of CASES) {
    if (positionals.length > 0 && !positionals.includes(each.name)) continue;
    lab.say(each.title);
    const result = await each.run(lab).catch(brokenCase);
    write(...caseLines(each, result));
    failed.push(...result.bounds.filter(({ holds }) => !holds).map(({ promise }) => `${each.name}: ${promise}`));
  }
} finally {
  await lab.close();
}
write('', failed.length === 0 ? 'Every bound holds.' : 'Bounds that do not hold:', ...failed.map((bound) => `- ${bound}`));
if (isWhole) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), `${lines.join('\n')}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

/** The others are measured all the same. */
function brokenCase(error: unknown): CaseResult {
  console.error(error);
  const why = messageOf(error).replaceAll(/\s+/g, ' ').slice(0, 300);
  return { tables: [], bounds: [{ promise: 'it can be measured', value: why, limit: '', holds: false }] };
}

async function circumstances(): Promise<readonly string[]> {
  const version = await runOk('git', ['version'], { env: { HOME: tmpdir() } });
  const modules = readFileSync(join(ROOT, 'test/cluster/real/kube/go.mod'), 'utf8');
  const kubernetes = /^\tk8s\.io\/kubernetes (\S+)/m.exec(modules)?.[1];
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, ${machine}, Linux, Node ${process.version}, ${version.trim()}, Kubernetes ${kubernetes}.`,
    'API server, etcd, controllers and every contender share the cores. Every contender has objects of its own, with the same content.',
    ...(scale === 1 ? [] : [`Sizes are ${scale} of those named: the figures say nothing.`]),
  ];
}
