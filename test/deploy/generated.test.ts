import { afterAll, beforeAll, expect, test } from 'vitest';
import { answer } from './harness/cluster.ts';
import { attempt, command, environment } from './harness/environment.ts';
import { filesOfExample } from './harness/example.ts';
import { type Installation, installOverSsh, showLogOnFailure } from './harness/flux.ts';
import { clone } from './harness/git-server.ts';
import { pushWeb } from './harness/images.ts';
import { until } from './harness/until.ts';

const NAMESPACE = 'flux-generated';
const PATCH = 'staging/flux-patch.yaml';

const files = filesOfExample('generated');

let flux: Installation;
let repository: Awaited<ReturnType<typeof clone>>;
beforeAll(async () => {
  await pushWeb('generated/web', '1.0.0');
  repository = await clone('generated');
  await repository.commit('Generate manifests', files);
  flux = await installOverSsh(NAMESPACE, 'generated', {
    manifestGeneration: true,
    additionalArgs: ['--automation-gather=0s', '--git-path=staging'],
  });
});
afterAll(() => flux.uninstall());

test('what kustomize prints in the sandbox container runs, and a new image becomes a patch', async () => {
  showLogOnFailure(flux);
  await until('the first version answers', async () => ((await answer('generated', 'web')) ?? '').includes('version=1.0.0'));
  await pushWeb('generated/web', '1.0.1');
  await until('the new version answers', async () => ((await answer('generated', 'web')) ?? '').includes('version=1.0.1'));
  await repository.pull();
  expect(repository.read(PATCH)).toBe(`---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: generated
spec:
  template:
    spec:
      $setElementOrder/containers:
      - name: web
      containers:
      - image: ${environment.registry}/generated/web:1.0.1
        name: web
`);
  expect((await flux.fluxctl('why', 'generated:deployment/web')).stdout).toContain('staging/../.flux.yaml');
  expect((await flux.fluxctl('doctor')).stdout).toMatch(/sandbox .*own user 10002, Landlock \d+, seccomp/);
});

/** What a repository may try in the pod, as shell; each prints ESCAPED if it had its way. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  'the token of fluxd': 'cat /var/run/secrets/kubernetes.io/serviceaccount/token && echo ESCAPED',
  'the deploy key': 'cat /etc/fluxd/ssh/identity && echo ESCAPED',
  'the files of fluxd': 'ls /home/flux /etc/fluxd && echo ESCAPED',
  'the environment of the helper': 'cat /proc/1/environ && echo ESCAPED',
  'the memory of the helper': 'head -c 1 /proc/1/mem && echo ESCAPED',
  'the helper itself': 'kill -9 1 && sleep 1 && echo ESCAPED',
  'another process': "for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline | grep -q fluxd && echo ESCAPED; done",
  'the API of fluxd on loopback': dial('127.0.0.1', 3030),
  'the API server': dial('kubernetes.default.svc', 443),
  'the metadata service': dial('169.254.169.254', 80),
  'a name': 'getent hosts kubernetes.default.svc && echo ESCAPED',
  'the socket of the helper': `node -e 'require("net").connect("/run/flux-sandbox/socket").on("connect", () => { console.log("ESCAPED"); process.exit() }).on("error", () => process.exit(1))'`,
  'the root': 'echo x > /escaped && echo ESCAPED',
  'the folder of the socket': 'echo x > /run/flux-sandbox/escaped && echo ESCAPED',
  'the files of the next run': 'echo x >> "$OLDPWD/../base/web.yaml" 2>/dev/null || echo x >> ../base/web.yaml && echo ESCAPED',
  'another user': 'su -c true && echo ESCAPED; unshare -U true && echo ESCAPED',
};

/** By the node of the image, which commands find on their PATH. */
function dial(host: string, port: number): string {
  return `node -e 'const s = require("net").connect(${port}, "${host}"); s.setTimeout(3000, () => process.exit(1)); s.on("connect", () => { console.log("ESCAPED"); process.exit() }).on("error", () => process.exit(1))'`;
}

test('a hostile repository reaches nothing, and leaves nothing running', async () => {
  showLogOnFailure(flux);
  const names = Object.keys(ATTEMPTS);
  const script = names
    .map((name, index) => `r=$( (${ATTEMPTS[name]}) 2>&1 | grep -c ESCAPED ); echo "  a${index}: \\"$r\\""`)
    .join('\n');
  const generator = `printf 'apiVersion: v1\\nkind: ConfigMap\\nmetadata: { name: attempts, namespace: generated }\\ndata:\\n'\n${script}\n(setsid sh -c 'trap "" TERM HUP; sleep 600' >/dev/null 2>&1 &) ; true`;
  const revision = await repository.commit('Try everything', {
    'staging/.flux.yaml': `version: 1\npatchUpdated:\n  patchFile: none.yaml\n  generators:\n  - command: kustomize build .\n  - command: ${JSON.stringify(generator)}\n    timeout: 50s\n`,
    [PATCH]: null,
  });
  await until(
    'the attempts are over',
    async () => (await attempt('kubectl', '-n', 'generated', 'get', 'configmap', 'attempts')).code === 0,
  );
  await repository.synced(revision);
  const { data } = JSON.parse(await command('kubectl', '-n', 'generated', 'get', 'configmap', 'attempts', '--output=json'));
  expect(Object.fromEntries(names.map((name, index) => [name, data[`a${index}`]]))).toEqual(
    Object.fromEntries(names.map((name) => [name, '0'])),
  );
  // The image has no ps; the helper is process 1, and what it runs is dead with the command.
  const processes = 'ls -d /proc/[0-9]* | wc -l';
  const [pod] = await flux.pods();
  const inSandbox = (script: string) =>
    command('kubectl', '-n', NAMESPACE, 'exec', pod?.name ?? '', '-c', 'sandbox', '--', 'sh', '-c', script);
  // The helper, and sh, ls and wc of this question.
  expect(Number(await inSandbox(processes))).toBeLessThanOrEqual(4);
  expect(await inSandbox('ls /var/run/secrets/kubernetes.io /etc/fluxd 2>&1 || true')).not.toMatch(/^(token|identity)$/m);
});
