import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { PodServer } from '../cluster/pod-server.ts';
import { ROOT, run, runOk } from '../e2e/harness/process.ts';
import { thorough } from '../support/sampled.ts';

const NAME = `fluxctl-${process.platform}-${process.arch}`;

describe.runIf(thorough('the fluxctl that needs no Node.js'))('the fluxctl that needs no Node.js', () => {
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'flux-binary-'));
    await runOk(process.execPath, [join(ROOT, 'tools/binary/build.mjs'), directory]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Where there is no Node.js, and nothing of ours. */
  function fluxctl(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const home = join(directory, 'home');
    mkdirSync(home, { recursive: true });
    return run(join(directory, NAME), args, { cwd: home, env: { PATH: home, HOME: home, ...env } });
  }

  test('is one file with its checksum, and tells the version of the package', async () => {
    const hash = createHash('sha256')
      .update(readFileSync(join(directory, NAME)))
      .digest('hex');
    expect(readFileSync(join(directory, `${NAME}.sha256`), 'utf8')).toBe(`${hash}  ${NAME}\n`);
    expect(await fluxctl(['version'])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: '' });
  });

  test('does not let code be made from strings, and heeds no flags that are meant for Node (S-028)', async () => {
    const flag = '--disallow-code-generation-from-strings';
    expect(occurrences(flag, join(directory, NAME))).toBe(occurrences(flag, process.execPath) + 1);
    expect(await fluxctl(['version'], { NODE_OPTIONS: '--no-such-flag' })).toMatchObject({ code: 0 });
  });

  test('forwards a port to the daemon through the kubeconfig', async () => {
    const server = new PodServer();
    server.pods = { 'app=flux': ['flux-0'] };
    server.reply = () => '[]';
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf(await server.start()));
    try {
      expect(await fluxctl(['list-workloads', '--no-headers'], { KUBECONFIG: kubeconfig })).toEqual({
        code: 0,
        stdout: '',
        stderr: 'No workloads found in namespace "default"; use -a for all namespaces\n',
      });
      expect(server.forwarded).toEqual([expect.stringContaining('/api/v1/namespaces/default/pods/flux-0/portforward')]);
    } finally {
      server.stop();
    }
  });

  test('has every part that is loaded only when it is needed', async () => {
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf(1));
    expect((await fluxctl(['completion', 'bash'])).stdout).toContain('complete -F _fluxctl fluxctl');
    expect((await fluxctl(['__complete', '--', '--context='], { KUBECONFIG: kubeconfig })).stdout).toContain('--context=here');
    const install = ['install', '--git-url=git@example.org:you/config', '--git-email=you@example.org', '--image=fluxd'];
    expect((await fluxctl(install)).stdout).toContain('kind: Deployment');
    const policy = ['policy', '--workload=a:deployment/b', '--tag=c=regexp:^v1', '--url=http://127.0.0.1:1'];
    expect((await fluxctl(policy)).stderr).toContain('connection refused');
    const manifests = mkdtempSync(join(directory, 'manifests-'));
    // The thread that reads long files starts, too.
    const map = (name: string) => `---\napiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
    writeFileSync(join(manifests, 'maps.yaml'), Array.from({ length: 100 }, (_, index) => map(`map-${index}`)).join(''));
    expect((await fluxctl(['render', '-o', 'name', manifests])).stdout).toContain('default:configmap/map-99');
    expect((await fluxctl(['doctor'], { KUBECONFIG: kubeconfig })).stdout).toContain('cluster');
  });
});

function kubeconfigOf(port: number): string {
  return `
apiVersion: v1
kind: Config
current-context: here
contexts: [{ name: here, context: { cluster: here, user: me } }]
clusters: [{ name: here, cluster: { server: "http://127.0.0.1:${port}" } }]
users: [{ name: me, user: { token: t } }]
`;
}

function occurrences(text: string, file: string): number {
  const bytes = readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(text); at !== -1; at = bytes.indexOf(text, at + 1)) count++;
  return count;
}
