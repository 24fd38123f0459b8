import { spawn } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { builtCommands } from '../e2e/harness/build.ts';
import { sampled } from '../support/sampled.ts';
import { until } from '../support/until.ts';

/** What the daemon is at while somebody presses Ctrl-C. */
const MOMENTS: readonly (readonly [string, string, RequestListener])[] = [
  ['a dry run is waited for, with a menu to come', 'release --interactive --all --update-all-images', () => undefined],
  [
    'a job is waited for',
    'release --all --update-all-images',
    (request, response) =>
      response.end(request.method === 'POST' ? '"job-1"' : '{"Result":{},"Err":"","StatusString":"running"}'),
  ],
  ['an answer is waited for', 'list-workloads -a', () => undefined],
  ['a lost request is made again', 'list-workloads -a --watch', (_request, response) => response.writeHead(503).end()],
  [
    'a daemon that is away is waited for',
    'release --all --update-all-images',
    (request, response) => {
      if (request.method === 'POST') response.end('"job-1"');
      else response.writeHead(503).end();
    },
  ],
];

// As `script` of util-linux is called.
describe.runIf(process.platform === 'linux')('Ctrl-C', () => {
  test.for(sampled('moments to interrupt fluxctl at', MOMENTS, 1))('ends fluxctl while %s', async ([, line, answer]) => {
    let asked = 0;
    const server = createServer((request, response) => {
      asked += 1;
      request.resume();
      request.on('end', () => answer(request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const program = join(await builtCommands(), 'fluxctl.js');
    const command = `${process.execPath} ${program} ${line} --user=ann --url=http://127.0.0.1:${port}/api/flux`.replace(
      /( list-workloads .*)--user=ann /,
      '$1',
    );
    // In a terminal, as a person has it: what Ctrl-C does there is the terminal's doing.
    const terminal = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm' },
    });
    let shown = '';
    terminal.stdout.setEncoding('utf8').on('data', (text) => {
      shown += text;
    });
    const ended = new Promise<number | null>((resolve) => terminal.on('exit', resolve));
    try {
      await until('the daemon is asked', () => asked > 0);
      terminal.stdin.write('\u0003');
      // 128 and the number of SIGINT, as a shell tells it.
      expect(await ended, shown).toBe(130);
    } finally {
      terminal.kill('SIGKILL');
      server.closeAllConnections();
      server.close();
    }
  });
});
