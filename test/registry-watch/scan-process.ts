// Scans one image as the daemon does, with the environment of this process, and prints its tags or its error.
import { readFile } from 'node:fs/promises';
import { createHttpTransport, silentLogger, systemClock } from '../../src/base/index.ts';
import { createImageWatch } from '../../src/registry-watch/index.ts';

const [name = ''] = process.argv.slice(2);
const http = createHttpTransport({ proxyEnvironment: process.env });
const watch = createImageWatch({
  http,
  clock: systemClock,
  log: silentLogger(),
  automationIntervalMs: 60_000,
  rps: 50,
  burst: 10,
  readFile: (path) => readFile(path, 'utf8'),
  readCore: async () => undefined,
  onNewTags: () => undefined,
});
watch.watch([{ name, pullSecrets: [] }]);
await watch.scanNow(name);
const { tags, error } = watch.repository(name) ?? {};
console.log(JSON.stringify({ tags, error: error?.message }));
await watch.stop();
http.close();
