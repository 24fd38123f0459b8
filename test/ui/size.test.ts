import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildUi } from '../../tools/build-ui.mjs';

test('the page has at most 120 kB compressed, and names its files by their content', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'flux-ui-'));
  try {
    await buildUi(directory);
    const names = readdirSync(directory).sort();
    const bytes = names.reduce((sum, name) => sum + gzipSync(readFileSync(join(directory, name))).length, 0);
    expect(bytes).toBeLessThan(120_000);
    const document = readFileSync(join(directory, 'index.html'), 'utf8');
    const named = names.filter((name) => name !== 'index.html');
    expect(named.map((name) => name.replace(/-\w{10}\./, '.')).sort()).toEqual(['icon.svg', 'layout.js', 'page.css', 'page.js']);
    // The worker is named by the script.
    const script = readFileSync(
      join(directory, named.find((name) => name.startsWith('page-') && name.endsWith('.js')) ?? ''),
      'utf8',
    );
    for (const name of named) expect(name.startsWith('layout-') ? script : document).toMatch(new RegExp(`["\`']\\./${name}`));
    // Inline code would be refused by the policy of the page.
    expect(document).not.toMatch(/<script>|<style|style=| on\w+=/);
    await buildUi(directory);
    expect(readdirSync(directory).sort()).toEqual(names);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
