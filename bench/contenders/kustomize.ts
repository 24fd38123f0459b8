import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../test/e2e/harness/process.ts';

let built: string | undefined;

/** The folder with the kustomize of fluxd's image, built from its module by Go. */
export function kustomizeFolder(): string {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), 'flux-bench-kustomize-'));
  execFileSync(
    'go',
    ['build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, 'kustomize'), 'sigs.k8s.io/kustomize/kustomize/v5'],
    {
      cwd: join(ROOT, 'container/tools/kustomize'),
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    },
  );
  built = folder;
  return folder;
}

/** Builds folders of a checkout as a person would in a shell, two at a time; resolves to the seconds that it took. */
export async function xargsBuild(files: Readonly<Record<string, string>>, folders: readonly string[]): Promise<number> {
  const checkout = mkdtempSync(join(tmpdir(), 'flux-bench-checkout-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(checkout, path)), { recursive: true });
      writeFileSync(join(checkout, path), text);
    }
    const begin = performance.now();
    const child = spawn('xargs', ['-P2', '-n1', join(kustomizeFolder(), 'kustomize'), 'build'], {
      cwd: checkout,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(folders.join('\n'));
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) throw new Error(`xargs ended with ${code}`);
    return (performance.now() - begin) / 1000;
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
}
