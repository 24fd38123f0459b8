import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../../test/e2e/harness/process.ts';
import { atMost, type Case } from '../case.ts';
import { median } from '../measure.ts';

interface Program {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const ROUNDS = 31;
const LIMIT_MS = 150;

/** The wait for a command's version, which needs no request. */
export const fluxctlStart: Case = {
  name: 'fluxctl-start',
  title: '`fluxctl version` beside `kubectl version --client`',
  async run(lab) {
    const directory = mkdtempSync(join(tmpdir(), 'flux-bench-start-'));
    try {
      lab.say('building fluxctl as one file, and kubectl');
      const programs = build(directory);
      for (const program of programs) timeOf(program, directory); // from the disk into memory
      const times = programs.map((): number[] => []);
      for (let round = 0; round < ROUNDS; round++) {
        for (const [n, program] of programs.entries()) times[n]?.push(timeOf(program, directory));
      }
      const reference = median(times[0] ?? []);
      return {
        tables: [
          {
            header: ['', 'median ms', 'ratio', 'least ms', 'most ms'],
            rows: programs.map(({ name }, n) => {
              const each = times[n] ?? [];
              return [
                name,
                median(each).toFixed(0),
                (median(each) / reference).toFixed(2),
                Math.min(...each).toFixed(0),
                Math.max(...each).toFixed(0),
              ];
            }),
          },
        ],
        notes: [`${ROUNDS} runs of each, in turn; from the start of the process to its end.`],
        bounds: programs.flatMap(({ name }, n) =>
          n === 0 ? [] : [atMost(name, median(times[n] ?? []), LIMIT_MS, { unit: 'ms' })],
        ),
      };
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

/** kubectl first. It is built as people have it: the one of our control planes is one program with all of Kubernetes, and starts slower. */
function build(directory: string): readonly Program[] {
  const kubectl = join(directory, 'kubectl');
  execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', kubectl, 'k8s.io/kubernetes/cmd/kubectl'], {
    cwd: join(ROOT, 'test/cluster/real/kube'),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
  });
  execFileSync(process.execPath, [join(ROOT, 'tools/binary/build.mjs'), directory]);
  const binary = join(directory, `fluxctl-${process.platform}-${process.arch}`);
  return [
    { name: '`kubectl version --client`', command: [kubectl, 'version', '--client'] },
    { name: '`fluxctl version`, one file', command: [binary, 'version'] },
    { name: '`fluxctl version`, by Node.js', command: [process.execPath, join(ROOT, 'dist/fluxctl.js'), 'version'] },
  ];
}

function timeOf({ name, command: [program, ...args] }: Program, home: string): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(program, args, { env: { HOME: home }, encoding: 'utf8' });
  const ms = performance.now() - begin;
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return ms;
}
