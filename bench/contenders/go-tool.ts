import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT } from '../../test/e2e/harness/process.ts';

/** A program of fluxd's image, built from its module by Go; the function returns the folder that has it. */
export function goTool(name: string, goPackage: string): () => string {
  let built: string | undefined;
  return () => {
    if (built !== undefined) return built;
    const folder = mkdtempSync(join(tmpdir(), `flux-bench-${name}-`));
    execFileSync('go', ['build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, name), goPackage], {
      cwd: join(ROOT, 'container/tools', name),
      env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    });
    built = folder;
    return folder;
  };
}

/** Runs a program once for each line in a checkout, as a person would in a shell, two at a time; resolves to the seconds that it took. */
export async function xargs(
  files: Readonly<Record<string, string>>,
  lines: readonly string[],
  command: readonly string[],
): Promise<number> {
  const checkout = mkdtempSync(join(tmpdir(), 'flux-bench-checkout-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(checkout, path)), { recursive: true });
      writeFileSync(join(checkout, path), text);
    }
    const begin = performance.now();
    const child = spawn('xargs', ['-P2', '-L1', ...command], { cwd: checkout, stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(lines.join('\n'));
    const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) throw new Error(`xargs ended with ${code}`);
    return (performance.now() - begin) / 1000;
  } finally {
    rmSync(checkout, { recursive: true, force: true });
  }
}
