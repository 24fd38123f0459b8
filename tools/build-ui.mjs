import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const SOURCES = join(import.meta.dirname, '../ui');

/**
 * Builds the web page into a directory: a script with its worker, a style sheet, an icon, and the document that names them. Their names
 * change with their content, so that browsers may keep them.
 */
export async function buildUi(directory) {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const write = (name, extension, content) => {
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
    const file = `${name}-${hash}.${extension}`;
    writeFileSync(join(directory, file), content);
    return file;
  };
  const worker = write('layout', 'js', await scriptOf('topology/layout-worker.ts'));
  const script = write('page', 'js', await scriptOf('main.tsx', { LAYOUT_WORKER: JSON.stringify(`./${worker}`) }));
  const style = write('page', 'css', styleSheets().join('\n'));
  const icon = write('icon', 'svg', readFileSync(join(SOURCES, 'icon.svg')));
  const document = readFileSync(join(SOURCES, 'index.html'), 'utf8');
  const named = document.replace('page.js', script).replace('page.css', style).replace('icon.svg', icon);
  writeFileSync(join(directory, 'index.html'), named);
}

async function scriptOf(file, define = {}) {
  const { output } = await build({
    input: join(SOURCES, file),
    platform: 'browser',
    tsconfig: false,
    transform: { define, jsx: { runtime: 'automatic', importSource: 'preact' } },
    output: { format: 'esm', minify: true, sourcemap: false },
    write: false,
  });
  return output[0].code;
}

/** What all share first, then that of each part. */
function styleSheets() {
  const parts = readdirSync(SOURCES, { recursive: true }).filter((name) => name.endsWith('.css') && name !== 'style.css');
  return ['style.css', ...parts.sort()].map((name) => readFileSync(join(SOURCES, name), 'utf8').trim());
}
