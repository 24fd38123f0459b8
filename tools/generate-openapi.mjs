// Writes docs/openapi.json from the routes and schemas of the API.
import { writeFileSync } from 'node:fs';
import { createApiServer } from '../src/api/index.ts';
import { openApiDocument } from '../src/api/openapi/index.ts';
import { silentLogger } from '../src/base/index.ts';

// Nothing is asked of the daemon: only its routes are looked at.
const { routes } = createApiServer({
  daemon: { sources: [] },
  log: silentLogger(),
  metrics: async () => ({ contentType: '', body: '' }),
  ui: { assets: new Map(), may: 'read-only' },
});
writeFileSync(new URL('../docs/openapi.json', import.meta.url), `${JSON.stringify(openApiDocument(routes), undefined, 2)}\n`);
