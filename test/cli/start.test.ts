import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { builtCommands } from '../e2e/harness/build.ts';
import { run } from '../e2e/harness/process.ts';

/** Nobody listens there. */
const NOBODY = 'http://127.0.0.1:1';

/** What is small, and of use to every command. */
const LIGHT = ['base', 'cli', 'commander', 'image', 'repository', 'resource'];
const OF_AN_ANSWER = ['api', 'node:https', 'zod'];
const OF_A_PATTERN = ['policy', 're2js'];
const OF_A_CLUSTER = ['@kubernetes/client-node', 'cluster', 'js-yaml', 'node:http', 'node:https'];

test.each([
  { line: 'version', loads: [] },
  { line: '--help', loads: [] },
  { line: 'release --help', loads: [] },
  { line: 'completion bash', loads: [] },
  { line: '__complete -- rel', loads: [] },
  { line: 'release', loads: [] },
  { line: 'render --help', loads: [] },
  { line: `list-workloads --url=${NOBODY}`, loads: OF_AN_ANSWER },
  { line: `policy --workload=a:deployment/b --tag=c=semver:~1 --url=${NOBODY}`, loads: [...OF_AN_ANSWER, ...OF_A_PATTERN] },
  { line: 'install --git-url=git@example.org:you/config --git-email=you@example.org --image=fluxd', loads: ['config'] },
  { line: '__complete -- --context=', loads: OF_A_CLUSTER, kubeconfig: true },
])('fluxctl $line starts with nothing that it does not need', async ({ line, loads, kubeconfig }) => {
  const loaded = await loadedBy(line.split(' '), kubeconfig ?? false);
  expect([...loaded].sort()).toEqual(loads.toSorted());
});

test.each(['fluxd', 'fluxctl'])('%s is the same whatever scripts package.json has', async (name) => {
  const code = readFileSync(join(await builtCommands(), `${name}-program.js`), 'utf8');
  expect(code).toContain(`"${packageJson.version}"`);
  // Packages that bring their own package.json have short names in it.
  const names = Object.keys(packageJson.scripts).filter((script) => script.includes(':'));
  expect(names.filter((script) => code.includes(`"${script}"`))).toEqual([]);
});

/** A Node.js that is too old, where this machine has one. */
const OLD_NODE = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => {
  const version = existsSync(path) ? execFileSync(path, ['--version'], { encoding: 'utf8' }) : 'v24';
  return Number.parseInt(version.slice(1), 10) < 24;
});
/** Or this one, which says that it is old. */
const PRETEND = 'data:text/javascript,Object.defineProperty(process.versions, "node", { value: "20.1.0" })';

describe.each([
  { node: process.execPath, args: ['--import', PRETEND] },
  ...(OLD_NODE === undefined ? [] : [{ node: OLD_NODE, args: [] }]),
])('under an older Node.js ($node)', ({ node, args }) => {
  test.each(['fluxd', 'fluxctl'])('%s says which it needs, in one sentence', async (name) => {
    const { code, stdout, stderr } = await run(node, [...args, join(await builtCommands(), `${name}.js`), '--help'], {});
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr.replace(/\d+\.\d+\.\d+\n$/, 'old')).toBe(`${name} needs Node.js 24 or newer; ${node} is old`);
  });
});

/** Rooms, packages of package.json and modules of Node that are not light, in the files of the bundle that a command line makes Node read. */
async function loadedBy(args: readonly string[], kubeconfig: boolean): Promise<ReadonlySet<string>> {
  const commands = await builtCommands();
  const home = mkdtempSync(join(tmpdir(), 'flux-start-'));
  try {
    if (kubeconfig) writeFileSync(join(home, 'config'), KUBECONFIG);
    const env = { HOME: home, KUBECONFIG: join(home, 'config'), NODE_V8_COVERAGE: join(home, 'coverage') };
    await run(process.execPath, [join(commands, 'fluxctl.js'), ...args], { env });
    const [coverage = ''] = readdirSync(env.NODE_V8_COVERAGE);
    const { result } = coverageSchema.parse(JSON.parse(readFileSync(join(env.NODE_V8_COVERAGE, coverage), 'utf8')));
    const files = result.flatMap(({ url }) => (url.startsWith('file:') ? [fileURLToPath(url)] : []));
    return new Set(files.flatMap((file) => contentOf(readFileSync(file, 'utf8'))));
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Before a module of ours and of a package the bundle names its file; modules of Node are imported at the top. */
function contentOf(chunk: string): readonly string[] {
  const rooms = [...chunk.matchAll(/^\/\/ src\/([^/]+)/gm)].map(([, name = '']) => name);
  const packages = [...chunk.matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(([, name = '']) => name);
  const ours = packages.filter((name) => name in packageJson.dependencies);
  const builtins = ['node:http', 'node:https'].filter((name) => chunk.includes(`from "${name}";`));
  return [...rooms, ...ours, ...builtins].filter((name) => !LIGHT.includes(name));
}

const coverageSchema = z.object({ result: z.array(z.object({ url: z.string() })) });

const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: here
contexts: [{ name: here, context: { cluster: here, user: me } }]
clusters: [{ name: here, cluster: { server: ${NOBODY} } }]
users: [{ name: me, user: {} }]
`;
