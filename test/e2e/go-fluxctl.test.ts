import { afterAll, beforeAll, expect, test } from 'vitest';
import { askAsGo, type WireAnswer, type WireRequest } from '../support/go-client.ts';
import { manifest, startWorld, until, type World } from './harness/index.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const NOTHING = '{"ID":"","Labels":{}}';

/**
 * What the Go fluxctl 1.25 sends for each of its commands, byte for byte, and what it must be answered. Only what nobody can know
 * beforehand (digests, times, marks) is left out of the comparison.
 */
test('a whole conversation of the Go fluxctl with the daemon', async () => {
  const shop = world.namespace('shop');
  const name = world.unique('acme/web');
  const image = `${world.registry}/${name}`;
  for (const [n, version] of ['1.0.0', '1.1.0'].entries())
    await world.push(name, version, { version, created: `2024-0${n + 1}-10T10:00:00Z` });
  const repository = await world.repository();
  const first = await repository.commit('Open the shop', {
    'namespace.yaml': manifest.namespace(shop),
    'web.yaml': manifest.deployment({ namespace: shop, name: 'web', image: `${image}:1.0.0` }),
  });
  const fluxd = await world.fluxd(repository, { args: ['--git-poll-interval=1h', '--automation-interval=1h'] });
  await repository.synced(first);
  const id = `${shop}:deployment/web`;
  const escaped = encodeURIComponent(id);
  const port = Number(new URL(fluxd.url).port);

  const ask = async (request: WireRequest): Promise<WireAnswer> => {
    const answer = await askAsGo(port, request);
    const expected = answer.status === 204 ? undefined : 'application/json; charset=utf-8';
    expect(answer.headers['content-type'], request.path).toBe(expected);
    if (answer.status !== 204) expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body, 'latin1')));
    return answer;
  };
  const body = async (request: WireRequest, status = 200): Promise<string> => {
    const answer = await ask(request);
    expect({ path: request.path, status: answer.status }).toEqual({ path: request.path, status });
    return answer.body;
  };
  const update = (type: string, spec: string, cause = '{"Message":"","User":"Ann \\u003cann@example.org\\u003e"}') =>
    body({ path: '/v9/update-manifests', method: 'POST', body: `{"type":"${type}","cause":${cause},"spec":${spec}}` });
  /** Follows a job as fluxctl does, which asks until it has ended. */
  async function follow(quoted: string): Promise<string> {
    const job: unknown = JSON.parse(quoted);
    expect(job).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    let answer = '';
    await until('the job has ended', async () => {
      answer = await body({ path: `/v6/jobs?id=${job}` });
      if (/"StatusString":"(queued|running)"/.test(answer)) {
        expect(answer).toMatch(/^\{"Result":\{\},"Err":"","StatusString":"(queued|running)"\}$/);
        return false;
      }
      return true;
    });
    return answer;
  }
  const applied = (ref: string) =>
    until('the commit is applied', async () => {
      const answer = await body({ path: `/v6/sync?ref=${ref}` });
      if (answer !== '[]') expect(answer).toMatch(/^\["[0-9a-f]{40}"\]$/);
      return answer === '[]';
    });

  // list-workloads, in a namespace
  const listed = (policies: string, tag: string, rest: string) =>
    `[{"ID":"${id}","Containers":[{"Name":"web","Current":{"ID":"${image}:${tag}","Labels":{}},"LatestFiltered":${NOTHING}}],` +
    `"ReadOnly":"","Status":"ready","Rollout":{"Desired":1,"Updated":1,"Ready":1,"Available":1,"Outdated":0,"Messages":null},` +
    `"SyncError":"","Antecedent":"","Labels":{"fluxcd.io/sync-gc-mark":"MARK"},${rest},"Policies":${policies}}]`;
  const list = async (path: string) => (await body({ path })).replace(/"sha256\.[\w-]{43}"/g, '"MARK"');
  const inShop = `/v6/services?namespace=${shop}`;
  const ready = () => until('the workload is ready', async () => (await list(inShop)).includes('"Status":"ready"'));
  await ready();
  expect(await list(inShop)).toBe(listed('{}', '1.0.0', '"Automated":false,"Locked":false,"Ignore":false'));
  expect(await list('/v6/services?namespace=nobody')).toBe('null');
  // list-workloads --all-namespaces
  expect(JSON.parse(await list('/v6/services?namespace='))).toContainEqual(JSON.parse(await list(inShop))[0]);

  // list-images --workload
  const images = `/v10/images?containerFields=&namespace=&service=${escaped}`;
  await until('the registry was scanned', async () => (await body({ path: images })).includes('"AvailableImagesCount":2'));
  const info = (tag: string, created: string) =>
    `{"ID":"${image}:${tag}","Digest":"DIGEST","ImageID":"DIGEST","Labels":{},"CreatedAt":"${created}","LastFetched":"TIME"}`;
  const [old, latest] = [info('1.0.0', '2024-01-10T10:00:00Z'), info('1.1.0', '2024-02-10T10:00:00Z')];
  let listedImages = '';
  await until('the times of the images are known', async () => {
    listedImages = (await body({ path: images }))
      .replaceAll(/"sha256:[0-9a-f]{64}"/g, '"DIGEST"')
      .replaceAll(/"LastFetched":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z"/g, '"LastFetched":"TIME"');
    return listedImages.includes('"CreatedAt":"2024-02') && listedImages.includes('"CreatedAt":"2024-01');
  });
  expect(listedImages).toBe(
    `[{"ID":"${id}","Containers":[{"Name":"web","Current":${old},"LatestFiltered":${latest},"Available":[${latest},${old}],` +
      '"AvailableImagesCount":2,"NewAvailableImagesCount":1,"FilteredImagesCount":2,"NewFilteredImagesCount":1}]}]',
  );
  // list-images --namespace, all workloads of it
  expect(JSON.parse(await body({ path: `/v10/images?containerFields=&namespace=${shop}&service=%3Call%3E` }))).toHaveLength(1);

  // automate; lock with a message; policy --tag; deautomate and unlock
  const policy = (add: string, remove: string) => update('policy', `{"${id}":{"add":${add},"remove":${remove}}}`);
  const changed = async (add: string, remove: string) => {
    const answer = await follow(await policy(add, remove));
    expect(answer).toBe(
      `{"Result":{"revision":"${repository.head()}","spec":{"type":"policy","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},` +
        `"spec":{"${id}":{"add":${add},"remove":${remove}}}},"result":{"${id}":{"Status":"success","PerContainer":null}}},"Err":"","StatusString":"succeeded"}`,
    );
    await applied(repository.head());
  };
  await changed('{"tag.web":"glob:9.*"}', '{}');
  await changed('{"automated":"true"}', '{}');
  await changed('{"locked":"true","locked_msg":"\\u003cno\\u003e","locked_user":"Ann \\u003cann@example.org\\u003e"}', '{}');
  await ready();
  expect(await list(inShop)).toBe(
    listed(
      '{"automated":"true","locked":"true","locked_msg":"\\u003cno\\u003e","locked_user":"Ann \\u003cann@example.org\\u003e","tag.web":"glob:9.*"}',
      '1.0.0',
      '"Automated":true,"Locked":true,"Ignore":false',
    ),
  );
  await changed('{}', '{"locked":"true","locked_msg":"true","locked_user":"true"}');
  await changed('{}', '{"automated":"true"}');
  // Once more: there is nothing to commit.
  expect(await follow(await policy('{}', '{"automated":"true"}'))).toMatch(
    /^\{"Result":\{"spec":\{"type":"policy",.*\},"result":\{.*\}\},"Err":"","StatusString":"succeeded"\}$/,
  );

  await changed('{}', '{"tag.web":"true"}');

  // release --dry-run, release, and again
  const release = (kind: string) =>
    `{"ServiceSpecs":["${id}"],"ImageSpec":"${image}:1.1.0","Kind":"${kind}","Excludes":null,"Force":false}`;
  const released = (kind: string, revision: string) =>
    `{"Result":{${revision}"spec":{"type":"image","cause":{"Message":"","User":"Ann \\u003cann@example.org\\u003e"},"spec":${release(kind)}},` +
    `"result":{"${id}":{"Status":"success","PerContainer":[{"Container":"web","Current":"${image}:1.0.0","Target":"${image}:1.1.0"}]}}},` +
    '"Err":"","StatusString":"succeeded"}';
  const before = repository.head();
  expect(await follow(await update('image', release('plan')))).toBe(released('plan', ''));
  expect(repository.head()).toBe(before);
  const done = await follow(await update('image', release('execute')));
  expect(repository.head()).not.toBe(before);
  expect(done).toBe(released('execute', `"revision":"${repository.head()}",`));
  await applied(repository.head());
  expect(await follow(await update('image', release('execute')))).toBe(
    '{"Result":{},"Err":"no changes made in repo","StatusString":"failed"}',
  );
  // release --watch
  await until('it is rolled out', async () => {
    const watched = await body({ path: `/v11/services?namespace=&services=${escaped}` });
    return watched.includes(`"ID":"${image}:1.1.0"`) && watched.includes('"Status":"ready"');
  });

  // sync: where the repository is, a job, then until the tag is there
  const config =
    `{"remote":{"url":"file://${repository.directory}","branch":"main","path":""},"publicSSHKey":{"key":"","fingerprints":null},` +
    '"status":"ready","errors":""}';
  expect(await body({ path: '/v9/git-repo-config', method: 'POST', body: 'false' })).toBe(config);
  await repository.pull();
  const last = await repository.commit('A map', { 'map.yaml': manifest.configMap(shop, 'map') });
  expect(await follow(await update('sync', '{}', '{"Message":"","User":""}'))).toBe(
    `{"Result":{"revision":"${last}"},"Err":"","StatusString":"succeeded"}`,
  );
  await applied(last.slice(0, 7));

  // save
  const yaml = Buffer.from(JSON.parse(await body({ path: '/v6/export' })), 'base64').toString();
  expect(yaml).toContain(`kind: Namespace\nmetadata:\n`);
  expect(yaml).toContain(`  name: ${shop}\n`);
  expect(yaml.split('---\n').filter((document) => document.includes(`image: ${image}:1.1.0`))).toHaveLength(1);
  const head = await askAsGo(port, { path: '/v6/export', method: 'HEAD' });
  expect({ status: head.status, body: head.body }).toEqual({ status: 200, body: '' });

  // What goes wrong
  expect(JSON.parse(await body({ path: `/v6/services?namespace=${shop}&services=` }))).toHaveLength(1);
  expect(await body({ path: `/v11/services?namespace=${shop}&services=${escaped}` }, 422)).toContain(
    '"error":"cannot filter by \'namespace\' and \'workloads\' at the same time"',
  );
  expect(JSON.parse(await body({ path: '/v6/sync?ref=nosuchref' }, 422))).toMatchObject({
    type: 'user',
    error: expect.stringMatching(/^fatal: bad revision '[0-9a-f]{40}\.\.nosuchref', full output:\n fatal: bad revision/),
  });
  expect(await body({ path: '/v9/update-manifests', method: 'POST', body: '{"type":"sync"' }, 400)).toMatch(/^\{"type":"user",/);
});
