import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkOfAddress } from '../../../src/base/index.ts';
import { deploymentOf, type Rendered, render } from './helm.ts';

const NAME = 'flux-generation-network';
const ON = { manifestGeneration: true, 'generation.network.paths': ['envs'] };

interface IpBlock {
  readonly cidr: string;
  readonly except: readonly string[];
}

function ofNetwork(objects: readonly Rendered[], kind: string): Rendered {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === NAME);
  if (!found) throw new Error(`no ${kind}`);
  return found;
}

test.each([
  ['by default', {}],
  ['without manifest generation', { 'generation.network.paths': ['envs'] }],
])('nothing of it is there %s', (_, set) => {
  const text = JSON.stringify(render({ set }));
  expect(text).not.toContain('generation-network');
});

test('its pod has no token, no right, no variable, and no volume but its key and a folder in memory', () => {
  const objects = render({ set: ON });
  const { spec } = ofNetwork(objects, 'Deployment').spec.template;
  expect(spec).toMatchObject({
    serviceAccountName: NAME,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    hostNetwork: false,
    volumes: [
      { name: 'identity', secret: { secretName: NAME } },
      { name: 'sandbox-tmp', emptyDir: { medium: 'Memory' } },
    ],
  });
  expect(spec.containers).toHaveLength(1);
  expect(spec.containers[0]).toMatchObject({ env: [], args: ['--listen=:3032'], securityContext: { runAsUser: 10002 } });
  expect(ofNetwork(objects, 'ServiceAccount')).toMatchObject({ automountServiceAccountToken: false });
  expect(ofNetwork(objects, 'ServiceAccount').metadata).not.toHaveProperty('annotations');
  const bindings = objects.filter(({ subjects }) => subjects?.some(({ name }: { readonly name: string }) => name === NAME));
  expect(bindings).toEqual([]);
});

test('no webhook adds credentials or a proxy', () => {
  const { labels, annotations } = ofNetwork(
    render({ set: { ...ON, annotations: { a: 'b' }, podLabels: { c: 'd' } } }),
    'Deployment',
  ).spec.template.metadata;
  expect(labels).toEqual({
    app: NAME,
    'azure.workload.identity/use': 'false',
    'istio.io/dataplane-mode': 'none',
    'sidecar.istio.io/inject': 'false',
  });
  expect(annotations).toEqual({
    'eks.amazonaws.com/skip-containers': 'sandbox',
    'linkerd.io/inject': 'disabled',
    'sidecar.istio.io/inject': 'false',
    'vault.hashicorp.com/agent-inject': 'false',
  });
});

test.each([{}, { selectorLabels: { name: 'flux' } }, { fullnameOverride: 'x' }])(
  'what selects the pods of fluxd does not select it, and the other way round, with %j',
  (set) => {
    const objects = render({ set: { ...ON, ...set } });
    const deployments = objects.filter(({ kind }) => kind === 'Deployment');
    const selectors = objects.flatMap(({ kind, spec }) =>
      kind === 'Service' ? [spec.selector] : kind === 'NetworkPolicy' ? [spec.podSelector.matchLabels] : [],
    );
    expect([deployments.length, selectors.length]).toEqual([2, 4]);
    for (const selector of selectors) {
      const selected = deployments.filter(({ spec }) =>
        Object.entries(selector).every(([label, value]) => spec.template.metadata.labels[label] === value),
      );
      expect(selected).toHaveLength(1);
    }
  },
);

/** Whether the policy lets commands reach an address, at a port that is not of DNS. */
function admits(set: Readonly<Record<string, unknown>> = {}): (address: string) => boolean {
  const { egress } = ofNetwork(render({ set: { ...ON, ...set } }), 'NetworkPolicy').spec;
  const blocks: readonly IpBlock[] = egress
    .filter(({ ports }: { readonly ports?: unknown }) => ports === undefined)
    .flatMap(({ to }: { readonly to: readonly { readonly ipBlock: IpBlock }[] }) => to.map(({ ipBlock }) => ipBlock));
  const family = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6');
  const listOf = (cidrs: readonly string[]) => {
    const list = new BlockList();
    for (const cidr of cidrs) {
      const [net = '', prefix] = cidr.split('/');
      list.addSubnet(net, Number(prefix), family(net));
    }
    return list;
  };
  const all = blocks.map(({ cidr, except }) => ({
    of: family(cidr.split('/')[0] ?? ''),
    within: listOf([cidr]),
    except: listOf(except),
  }));
  return (address) =>
    all.some(({ of, within, except }) => of === family(address) && within.check(address, of) && !except.check(address, of));
}

const byte = fc.nat(255);
const group = fc.nat(0xffff);
const ipv4 = fc.oneof(
  fc.tuple(byte, byte, byte, byte),
  fc.tuple(fc.constantFrom(0, 10, 100, 127, 168, 169, 172, 192, 198, 224), byte, byte, byte),
  fc.tuple(fc.constantFrom(100, 168, 169, 172, 192, 198), fc.constantFrom(0, 18, 63, 64, 100, 168, 254), byte, byte),
);
const hex = (...groups: readonly number[]) => groups.map((each) => each.toString(16)).join(':');

test('it admits the IPv4 addresses that are public, and no others', () => {
  const isAdmitted = admits();
  fc.assert(
    fc.property(ipv4, (bytes) => {
      const address = bytes.join('.');
      expect([address, isAdmitted(address)]).toEqual([address, networkOfAddress(address) === 'public']);
    }),
    { numRuns: 5_000 },
  );
  for (const address of ['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', '10.96.0.1'])
    expect([address, isAdmitted(address)]).toEqual([address, false]);
});

test('it admits no IPv6 address that is not public, nor one that leads to an IPv4 address that is not', () => {
  const isAdmitted = admits();
  // An IPv4-mapped address is IPv4 on the wire, and the API server takes none.
  const prefix = fc.constantFrom('64:ff9b:0:0:0:0', '64:ff9b:1:0:0:0', '0:0:0:0:0:0', 'fd00:ec2:0:0:0:0', '2001:0:0:0:0:0');
  const embedding = fc.tuple(prefix, ipv4).map(([head, [a, b, c, d]]) => `${head}:${hex((a << 8) | b, (c << 8) | d)}`);
  const plain = fc
    .tuple(fc.oneof(group, fc.constantFrom(0x2001, 0x2002, 0xfc00, 0xfd20, 0xfe80, 0xfec0, 0xff02, 0x64)), group, group)
    .map(([first, second, last]) => hex(first, second, 0, 0, 0, 0, 0, last));
  fc.assert(
    fc.property(fc.oneof(embedding, plain), (address) => {
      if (isAdmitted(address)) expect([address, networkOfAddress(address)]).toEqual([address, 'public']);
    }),
    { numRuns: 5_000 },
  );
  for (const address of ['2606:4700:4700::1111', '64:ff9b::101:101'])
    expect([address, isAdmitted(address)]).toEqual([address, true]);
});

test('values keep it from more addresses, open others, and say where names are resolved', () => {
  const isAdmitted = admits({ 'generation.network.except': ['198.51.100.0/24', '2a00:1::/32'] });
  expect(['198.51.100.7', '2a00:1::7', '198.51.101.7', '2a00:2::7'].map(isAdmitted)).toEqual([false, false, true, true]);
  const rule = { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ port: 443 }] };
  const dns = [{ ipBlock: { cidr: '10.0.0.10/32' } }];
  const { egress, ingress } = ofNetwork(
    render({ set: { ...ON, 'generation.network.egress': [rule], 'generation.network.dns': dns } }),
    'NetworkPolicy',
  ).spec;
  expect(egress).toContainEqual(rule);
  expect(egress[0]).toEqual({ to: dns, ports: ['UDP', 'TCP'].map((protocol) => ({ port: 53, protocol })) });
  const fluxd = deploymentOf(render()).spec.selector;
  expect(ingress).toEqual([{ ports: [{ port: 3032, protocol: 'TCP' }], from: [{ podSelector: fluxd }] }]);
});

test('fluxd reaches it also where networkPolicy.egressPorts lists other ports', () => {
  const objects = render({ set: { ...ON, 'networkPolicy.egressPorts': [443] } });
  const policy = objects.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'flux');
  expect(policy?.spec.egress).toContainEqual({
    to: [{ podSelector: { matchLabels: { app: NAME } } }],
    ports: [{ port: 3032, protocol: 'TCP' }],
  });
});

test('the chart makes a certificate that both sides can show, or mounts one that is there', () => {
  const objects = render({ set: ON });
  const { data, type } = ofNetwork(objects, 'Secret');
  const certificate = new X509Certificate(Buffer.from(data['tls.crt'], 'base64'));
  expect(type).toBe('kubernetes.io/tls');
  expect(certificate.keyUsage).toEqual(expect.arrayContaining(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']));
  const volumeOf = (all: readonly Rendered[]) =>
    deploymentOf(all).spec.template.spec.volumes.find(({ name }: { readonly name: string }) => name === 'generation-network');
  expect(volumeOf(objects)).toMatchObject({ secret: { secretName: NAME } });

  const given = render({ set: { ...ON, 'generation.network.secretName': 'mine' } });
  expect(given.filter(({ kind, metadata }) => kind === 'Secret' && metadata.name === NAME)).toEqual([]);
  expect(volumeOf(given)).toMatchObject({ secret: { secretName: 'mine' } });
  expect(ofNetwork(given, 'Deployment').spec.template.spec.volumes[0]).toMatchObject({ secret: { secretName: 'mine' } });
});
