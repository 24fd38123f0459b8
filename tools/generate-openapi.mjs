// Writes docs/openapi.json from the routes and schemas of the API; with --check only checks that it is current.
import { readFileSync, writeFileSync } from 'node:fs';
import { createApiServer } from '../src/api/index.ts';
import { openApiDocument } from '../src/api/openapi/index.ts';
import { silentLogger } from '../src/base/index.ts';

const file = new URL('../docs/openapi.json', import.meta.url);
// Nothing is asked of the daemon: only its routes are looked at.
const { routes } = createApiServer({
  daemon: { sources: [] },
  log: silentLogger(),
  metrics: async () => ({ contentType: '', body: '' }),
  ui: { assets: new Map(), may: 'read-only' },
});
const text = `${JSON.stringify(openApiDocument(routes), undefined, 2)}\n`;

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('docs/openapi.json is not current: run node tools/generate-openapi.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
}
