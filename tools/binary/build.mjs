// Builds fluxctl as one file that needs no Node.js, for the platform that this runs on: dist/bin/fluxctl-<os>-<arch> and its SHA-256,
// or in the directory that is given.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundle } from '../bundle.mjs';

const EXEC_ARGV = ['--disallow-code-generation-from-strings'];
/** By it Node finds out that it carries a program; https://nodejs.org/api/single-executable-applications.html */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const directory = process.argv[2] ?? 'dist/bin';
const name = `fluxctl-${process.platform}-${process.arch}`;
const binary = join(directory, name);
const work = mkdtempSync(join(tmpdir(), 'fluxctl-binary-'));
try {
  const parts = join(work, 'parts');
  await bundle('fluxctl', { dir: parts, format: 'cjs', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' });
  node([...EXEC_ARGV, join(import.meta.dirname, 'compile.mjs'), parts]);
  // Of a thread, which takes it as text.
  await bundle(
    'manifest-program',
    { dir: parts, format: 'esm', entryFileNames: '[name].js' },
    'src/manifests/manifest-program.ts',
  );
  mkdirSync(directory, { recursive: true });
  copyFileSync(process.execPath, binary);
  inject(blobOf(parts));
  const hash = createHash('sha256').update(readFileSync(binary)).digest('hex');
  writeFileSync(`${binary}.sha256`, `${hash}  ${name}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function blobOf(parts) {
  const config = join(work, 'config.json');
  const blob = join(work, 'blob');
  writeFileSync(
    config,
    JSON.stringify({
      main: join(import.meta.dirname, 'main.cjs'),
      output: blob,
      disableExperimentalSEAWarning: true,
      execArgv: EXEC_ARGV,
      // NODE_OPTIONS is for programs that are known to be Node's.
      execArgvExtension: 'none',
      assets: Object.fromEntries(readdirSync(parts).map((file) => [`./${file}`, join(parts, file)])),
    }),
  );
  node(['--experimental-sea-config', config]);
  return blob;
}

function inject(blob) {
  const signed = process.platform === 'darwin';
  if (signed) execFileSync('codesign', ['--remove-signature', binary]);
  const postject = createRequire(import.meta.url).resolve('postject/dist/cli.js');
  node([
    postject,
    binary,
    'NODE_SEA_BLOB',
    blob,
    '--sentinel-fuse',
    FUSE,
    ...(signed ? ['--macho-segment-name', 'NODE_SEA'] : []),
  ]);
  if (signed) execFileSync('codesign', ['--sign', '-', binary]);
}

function node(args) {
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
