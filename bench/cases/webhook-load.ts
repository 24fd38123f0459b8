import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { readKubeconfig } from '../../test/e2e/harness/kube-client.ts';
import { createWebhooks, type Hook, type Webhooks } from '../../test/e2e/harness/webhooks.ts';
import type { ApiServer } from '../api-server.ts';
import { atMost, type Case } from '../case.ts';
import { startFluxd } from '../contenders/fluxd.ts';
import { type CountedGit, countedGit } from '../counted-git.ts';
import type { Lab } from '../lab.ts';
import { mixedManifests } from '../manifests.ts';
import { cpuSeconds, median } from '../measure.ts';
import { type Ground, onEmbedded } from '../on-embedded.ts';
import { latencyCells, openLoop, percentile, type Sent } from '../open-loop.ts';
import { createSender } from '../sender.ts';
import { watchCollection } from '../watch.ts';

const OBJECTS = 500;
const PER_SECOND = 500;
const LOAD_MS = 60_000;
/** One of so many is hostile. */
const HOSTILE = 10;
const QUIET_PUSHES = 20;
const BETWEEN_PUSHES_MS = 1_000;
const FETCHES_PER_SECOND = 2;

export const webhookLoad: Case = {
  name: 'webhook-load',
  title: '500 webhooks a second for a minute, a tenth of them hostile, while commits are pushed; fluxd on one core',
  async run(lab) {
    await lab.close();
    const [webhooks, git] = [await createWebhooks(), await countedGit()];
    try {
      return await onEmbedded((ground) => measure({ ...ground, lab, webhooks, git }));
    } finally {
      webhooks.remove();
      git.remove();
    }
  },
};

interface Parts extends Ground {
  readonly lab: Lab;
  readonly webhooks: Webhooks;
  readonly git: CountedGit;
}

async function measure({ lab, server, repository, webhooks, git }: Parts): ReturnType<Case['run']> {
  await repository.commit('Everything', { ...mixedManifests(lab.scaled(OBJECTS), 'hooks'), 'probe.yaml': probe('0') });
  const fluxd = await startFluxd({
    kubeconfig: server.kubeconfig,
    repository,
    args: webhooks.args,
    path: git.path,
    core: 0,
  });
  const sender = createSender(webhooks.port);
  const post = (hook: Hook) => sender.send({ method: 'POST', ...hook });
  const applied = watchProbe(server);
  try {
    const valid = webhooks.gitHubPush({ url: `file://${repository.directory}`, branch: 'main' });
    const hostile = hostileOnes(valid);
    const isHostile = (number: number) => number % HOSTILE === 0;
    const push = async (value: string) => {
      await repository.commit('A change', { 'probe.yaml': probe(value) });
      const begin = performance.now();
      const status = await post(valid);
      if (status !== 202) throw new Error(`the webhook was answered ${status}`);
      return (await applied.at(value)) - begin;
    };

    lab.say('pushes, each with its webhook');
    const quiet: number[] = [];
    for (let n = 0; n < QUIET_PUSHES; n++) {
      quiet.push(await push(`quiet-${n}`));
      await sleep(BETWEEN_PUSHES_MS);
    }

    lab.say('the same under load');
    const forMs = lab.waitMs(LOAD_MS);
    const fetchesBefore = git.fetches();
    const memoryBefore = fluxd.residentMib();
    const cpuBefore = cpuSeconds(fluxd.pid);
    const busy: number[] = [];
    let loaded = true;
    const pushing = async () => {
      for (let n = 0; loaded; n++) {
        busy.push(await push(`busy-${n}`));
        await sleep(BETWEEN_PUSHES_MS);
      }
    };
    const loading = async () => {
      const sent = await openLoop(PER_SECOND, forMs, (number) =>
        post(isHostile(number) ? (hostile[(number / HOSTILE) % hostile.length] ?? valid) : valid),
      );
      loaded = false;
      return { sent, fetches: git.fetches() - fetchesBefore, cpu: cpuSeconds(fluxd.pid) - cpuBefore };
    };
    const [{ sent, fetches, cpu }] = await Promise.all([loading(), pushing()]);

    const good = sent.filter((_, number) => !isHostile(number));
    const bad = sent.filter((_, number) => isHostile(number));
    const lost = good.filter(({ answer }) => answer !== 202).length;
    const passed = bad.filter(({ answer }) => answer < 400).length;
    const unanswered = bad.filter(({ answer }) => answer === 0 || answer >= 500).length;
    const row = (name: string, of: readonly Sent<number>[]) => [name, ...latencyCells(of, [0.5, 0.99, 1])];
    const pushRow = (name: string, of: readonly number[]) => [
      name,
      String(of.length),
      median(of).toFixed(0),
      percentile(of, 0.99).toFixed(0),
      Math.max(...of).toFixed(0),
    ];
    return {
      tables: [
        {
          header: [`${PER_SECOND}/s for ${forMs / 1000} s`, 'webhooks', 'p50 ms', 'p99 ms', 'slowest ms', 'answers'],
          rows: [row('valid', good), row('hostile', bad)],
        },
        {
          header: ['from a webhook to its commit applied', 'pushes', 'median ms', 'p99 ms', 'slowest ms'],
          rows: [pushRow('nothing else to do', quiet), pushRow('under load', busy)],
        },
        {
          header: ['fluxd', 'CPU s, with git', 'fetches', 'commits', 'MiB before', 'MiB after', 'peak MiB'],
          rows: [
            [
              'under load',
              cpu.toFixed(1),
              String(fetches),
              String(busy.length),
              memoryBefore.toFixed(0),
              fluxd.residentMib().toFixed(0),
              fluxd.peakMib().toFixed(0),
            ],
          ],
        },
      ],
      notes: [
        'Latency counts from the moment a request was due. Hostile: forged, cut and missing signatures, unknown URLs, 256 KiB of noise, JSON of 100,000 levels.',
        'The embedded API, the sender, Git and the person who pushes share the cores; fluxd and the git that it runs have one.',
      ],
      bounds: [
        atMost('none lost: each valid one is answered 2xx', lost, 0, { unit: 'lost' }),
        atMost('none hostile gets through', passed, 0, { unit: 'passed' }),
        atMost('hostile ones are refused, not failed at', unanswered, 0, { unit: 'failed' }),
        atMost(
          `coalesced: fetches a second (${good.length} webhooks led to ${fetches} fetches)`,
          fetches / (forMs / 1000),
          FETCHES_PER_SECOND * 1.1,
          { unit: '/s', digits: 2 },
        ),
        atMost('push to applied < 1 s (the slowest)', Math.max(...quiet), 1000, { unit: 'ms' }),
        atMost('push to applied < 1 s under load (p99)', percentile(busy, 0.99), 1000, { unit: 'ms' }),
      ],
    };
  } finally {
    applied.stop();
    sender.close();
    await fluxd.end();
  }
}

function probe(value: string): string {
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: probe\n  namespace: hooks-0\ndata:\n  value: ${JSON.stringify(value)}\n`;
}

function hostileOnes(valid: Hook): readonly Hook[] {
  const signature = 'x-hub-signature-256';
  const { [signature]: right = '', ...unsigned } = valid.headers;
  const nowhere = `/hook/${'0'.repeat(64)}`;
  return [
    { ...valid, headers: { ...unsigned, [signature]: `sha256=${'0'.repeat(64)}` } },
    { ...valid, headers: { ...unsigned, [signature]: right.slice(0, -1) } },
    { ...valid, headers: unsigned },
    { ...valid, path: nowhere },
    { ...valid, body: `${valid.body} ` },
    { ...valid, body: randomBytes(128 * 1024).toString('hex') },
    { ...valid, path: nowhere, body: '['.repeat(100_000) },
    { ...valid, path: '/api/flux/v11/notify' },
  ];
}

/** When the API server first showed each value of the probe. */
function watchProbe(server: ApiServer) {
  const seen = new Map<string, number>();
  let stopped = false;
  const collection = '/api/v1/namespaces/hooks-0/configmaps';
  const watching = watchCollection(
    readKubeconfig(server.kubeconfig),
    collection,
    ({ data }) => {
      if (typeof data?.value === 'string' && !seen.has(data.value)) seen.set(data.value, performance.now());
      return () => stopped;
    },
    { fieldSelector: 'metadata.name=probe' },
  );
  let broken: unknown;
  watching.catch((error: unknown) => {
    broken = error;
  });
  return {
    async at(value: string): Promise<number> {
      for (;;) {
        const at = seen.get(value);
        if (at !== undefined) return at;
        if (broken !== undefined) throw broken;
        await sleep(2);
      }
    },
    stop() {
      stopped = true;
    },
  };
}
