import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../../e2e/harness/index.ts';
import { freePort } from '../../support/free-port.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Prometheus {
  query(expression: string): Promise<readonly Sample[]>;
  /** Of the API, below `/api/v1/`. */
  get(path: string): Promise<unknown>;
}

/** A real Prometheus that scrapes one daemon every second, with the labels that it would have in a cluster. */
export async function startPrometheus(target: string, ruleFile: string): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'flux-chart-prometheus-'));
  const labels = { namespace: 'flux', pod: 'flux-0' };
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [ruleFile],
    scrape_configs: [{ job_name: 'flux', static_configs: [{ targets: [target], labels }] }],
  };
  writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const program = spawn(
    'prometheus',
    [`--config.file=${directory}/prometheus.yml`, `--storage.tsdb.path=${directory}/data`, `--web.listen-address=${address}`],
    { stdio: 'ignore' },
  );
  onTestFinished(async () => {
    const ended = new Promise((resolve) => program.once('exit', resolve));
    program.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  });
  const get = async (path: string) => {
    const response = await fetch(`http://${address}/api/v1/${path}`);
    const body = (await response.json()) as { readonly status: string; readonly error?: string; readonly data: unknown };
    if (body.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${body.error}`);
    return body.data;
  };
  await until('Prometheus answers', () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false, // not listening yet
    ),
  );
  return {
    get,
    async query(expression) {
      const data = (await get(`query?query=${encodeURIComponent(expression)}`)) as { readonly result: readonly Sample[] };
      return data.result;
    },
  };
}
