import { join } from 'node:path';
import { MAX_CONNECTIONS } from '../../src/api/connections.ts';
import { ROOT, runOk } from '../../test/e2e/harness/process.ts';
import { atMost, type Case } from '../case.ts';
import { latencyCells, percentile, type Sent } from '../open-loop.ts';

const CONNECTIONS = 5_000;
const ROUND_MS = 20_000;
const P99_MS = 200;
const P99_RATIO = 10;
const MORE_MIB = 32;
/** At 1,000 connections a second a third of a core. */
const CPU_MS_A_CONNECTION = 0.3;

/** So many seconds of questions. */
export interface Round {
  /** As the kubelet asks: from the network, each time over a new connection. */
  readonly probed: readonly Sent<number>[];
  readonly listed: readonly Sent<number>[];
  readonly mib: number;
  /** Most files and sockets open at once. */
  readonly files: number;
  readonly cpu: number;
}

export interface Measured {
  readonly quiet: readonly Round[];
  readonly busy: readonly Round[];
  /** Files and sockets that are open without requests. */
  readonly filesAtRest: number;
  /** Connections that the floods made meanwhile. */
  readonly opened: number;
}

export const halfOpen: Case = {
  name: 'half-open',
  title: '5,000 connections from 200 addresses that never finish a question; probes and listings beside them; fluxd on one core',
  async run(lab) {
    await lab.close();
    const connections = lab.scaled(CONNECTIONS);
    const program = join(ROOT, 'bench/half-open-program.ts');
    const inNamespace = 'ip link set lo up && ip address add 198.51.100.0/24 dev lo && exec "$@"';
    const said = await runOk(
      'unshare',
      [
        '--map-root-user',
        '--net',
        'sh',
        '-c',
        inNamespace,
        'sh',
        process.execPath,
        program,
        `${connections}`,
        `${lab.waitMs(ROUND_MS)}`,
      ],
      { env: { HOME: process.env.HOME ?? '', TMPDIR: process.env.TMPDIR ?? '/tmp', NODE_NO_WARNINGS: '1' } },
    );
    const { quiet, busy, opened, filesAtRest } = JSON.parse(said) as Measured;

    const probed = (rounds: readonly Round[]) => rounds.flatMap((round) => round.probed);
    const listed = (rounds: readonly Round[]) => rounds.flatMap((round) => round.listed);
    const p99 = (sent: readonly Sent<number>[]) =>
      percentile(
        sent.map(({ ms }) => ms),
        0.99,
      );
    const failed = [...probed(busy), ...listed(busy)].filter(({ answer }) => answer !== 200).length;
    const cpu = (rounds: readonly Round[]) => rounds.reduce((sum, round) => sum + round.cpu, 0);
    const most = (of: 'mib' | 'files', rounds: readonly Round[]) => Math.max(...rounds.map((round) => round[of]));
    const row = (what: string, beside: string, sent: readonly Sent<number>[]) => [
      what,
      beside,
      ...latencyCells(sent, [0.5, 0.99, 1]),
    ];
    const cost = (name: string, rounds: readonly Round[]) => [
      name,
      cpu(rounds).toFixed(1),
      most('mib', rounds).toFixed(0),
      String(most('files', rounds)),
    ];
    return {
      tables: [
        {
          header: ['requests', 'beside', 'number', 'p50 ms', 'p99 ms', 'slowest ms', 'answers'],
          rows: [
            row('/healthz from the network, a connection each', 'nothing', probed(quiet)),
            row('/healthz from the network, a connection each', 'the flood', probed(busy)),
            row('list-workloads over loopback', 'nothing', listed(quiet)),
            row('list-workloads over loopback', 'the flood', listed(busy)),
          ],
        },
        {
          header: ['fluxd beside', 'CPU s', 'peak MiB', 'most open files'],
          rows: [cost('nothing', quiet), cost('the flood', busy)],
        },
      ],
      notes: [
        `The floods made ${opened} connections: one that is cut off comes again after five seconds. Rounds with and without a flood take turns.`,
      ],
      bounds: [
        atMost('no probe and no listing fails beside the flood', failed, 0, { unit: 'failed' }),
        atMost('/healthz beside the flood: p99', p99(probed(busy)), P99_MS, { unit: 'ms', digits: 1 }),
        atMost('list-workloads beside the flood: p99', p99(listed(busy)), P99_MS, { unit: 'ms', digits: 1 }),
        atMost('/healthz: p99 beside the flood, of that without', p99(probed(busy)) / p99(probed(quiet)), P99_RATIO, {
          unit: '×',
          digits: 1,
        }),
        atMost('list-workloads: p99 beside the flood, of that without', p99(listed(busy)) / p99(listed(quiet)), P99_RATIO, {
          unit: '×',
          digits: 1,
        }),
        atMost('connections at once, those that ask included', most('files', busy) - filesAtRest, MAX_CONNECTIONS, {
          unit: 'open',
        }),
        atMost('CPU that a connection of the flood takes', ((cpu(busy) - cpu(quiet)) * 1000) / opened, CPU_MS_A_CONNECTION, {
          unit: 'ms',
          digits: 2,
        }),
        atMost('memory that the flood takes', most('mib', busy) - most('mib', quiet), MORE_MIB, { unit: 'MiB' }),
      ],
    };
  },
};
