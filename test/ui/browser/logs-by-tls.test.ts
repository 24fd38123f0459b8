import { expect, onTestFinished, test } from 'vitest';
import { startPods, WEB } from '../../cluster/live/world.ts';
import { until } from '../../support/until.ts';
import { browserOfFile, createShop, inOrder } from './fixture.ts';

const open = browserOfFile();
const VIEW = '#/objects/default%3Adeployment%2Fweb';

/** The page of a fluxd that is reached by TLS, and reads pods and logs of a cluster. */
async function start() {
  const cluster = await startPods({
    usageOf: ({ container }) => (container === 'web' ? { cpu: '250000000n', memory: '98304Ki' } : undefined),
  });
  const [pod = ''] = cluster.own;
  const place = { namespace: 'default', pod, container: 'web' };
  cluster.kubernetes.logs.write(place, 'GET /cart 200\n');
  const shop = createShop();
  shop.live = cluster.reads;
  shop.others = {
    manifest: async () => ({ object: WEB }),
    why: async () => inOrder('default:deployment/web'),
  };
  const opened = await open({ shop, tls: 'network', stay: true });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  const { page, origin } = opened;
  const log = `${VIEW}?pod=${pod}&container=web`;
  return {
    ...cluster,
    opened,
    page,
    pod,
    log,
    write: (text: string) => cluster.kubernetes.logs.write(place, `${text}\n`),
    pods: page.getByRole('region', { name: 'Pods', exact: true }),
    lines: page.getByRole('log', { name: `Log of web in ${pod}` }),
    async signIn(token: string, fragment = VIEW) {
      await page.goto(`${origin}/ui/${fragment}`);
      await page.getByLabel('Kubernetes token').fill(token);
      await page.keyboard.press('Enter');
    },
  };
}

const readsOfLogs = ({ requests }: { readonly requests: readonly { readonly path: string }[] }) =>
  requests.filter(({ path }) => path.endsWith('/log'));

test('by TLS, a user with the rights sees pods and what they use, and follows a log', async () => {
  const { opened, page, pod, pods, lines, write, signIn } = await start();
  await signIn('owner');
  await pods.getByText('250m').first().waitFor();
  expect((await pods.innerText()).replace(/\s+/g, ' ')).toMatch(
    /CPU 250m request 100m, limit 1 above its request Memory 96 MiB request 64 MiB, limit 1.5 GiB above its request/,
  );
  await page.getByRole('link', { name: `Log of web in ${pod}`, exact: true }).click();
  await lines.getByText('GET /cart 200').waitFor();
  write('POST /cart 500');
  await lines.getByText('POST /cart 500').waitFor();
  expect(await lines.locator('.log-text').allTextContents()).toEqual(['GET /cart 200', 'POST /cart 500']);
  expect(opened.complaints).toEqual([]);
});

test('by TLS, a user without the right to get pods/log sees the pods, and which right is missing: nothing is read', async () => {
  const { opened, page, pod, pods, lines, log, proxy, signIn } = await start();
  await signIn('viewer', log);
  await page.getByText(`Viewer may not get pods/log ${pod} in namespace default.`).waitFor();
  await pods.getByText('250m').first().waitFor();
  await page.getByRole('button', { name: 'Download' }).click();
  await page.getByText('The log was not saved').waitFor();
  expect({ drawn: await lines.locator('.log-line').count(), read: readsOfLogs(proxy) }).toEqual({ drawn: 0, read: [] });
  expect(opened.complaints).toEqual([]);
});

test('by TLS, a user without the right to the workload sees neither pods nor logs', async () => {
  const { opened, page, lines, log, proxy, signIn } = await start();
  proxy.clear();
  await signIn('reader', log);
  await page.getByText('Reader may not get deployments.apps web in namespace default.').first().waitFor();
  await until('the log is refused', async () => (await page.locator('.log-status').innerText()).includes('Reader may not get'));
  expect({ drawn: await lines.locator('.log-line').count(), read: readsOfLogs(proxy) }).toEqual({ drawn: 0, read: [] });
  expect(opened.complaints).toEqual([]);
});

test('by TLS, a log ends with the session, and the next user begins at the door', async () => {
  const { page, lines, log, write, signIn } = await start();
  await signIn('owner', log);
  await lines.getByText('GET /cart 200').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Kubernetes token').waitFor();
  write('POST /cart 500');
  expect(await page.locator('body').innerText()).not.toContain('/cart');
  await page.getByLabel('Kubernetes token').fill('viewer');
  await page.keyboard.press('Enter');
  await page.getByText(/^Viewer may not get pods\/log/).waitFor();
  expect(await page.locator('body').innerText()).not.toContain('/cart 200');
});
