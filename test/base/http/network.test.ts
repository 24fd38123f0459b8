import { describe, expect, test } from 'vitest';
import { networkOfAddress, networkOfHost } from '../../../src/base/index.ts';

describe('where an address lies (S-012)', () => {
  test.each<[address: string, network: string]>([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['10.0.0.1', 'private'],
    ['100.64.0.1', 'private'],
    ['127.0.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['192.0.0.8', 'private'],
    ['198.19.0.1', 'private'],
    ['0.0.0.0', 'private'],
    ['::', 'private'],
    ['::1', 'private'],
    ['fc00::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['fec0::1', 'private'],
    ['169.254.169.254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['192.0.0.192', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['fd00:ec2::254', 'forbidden'],
    ['fd20:ce::254', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['not an address', 'forbidden'],
    ['::ffff:8.8.8.8', 'public'],
    ['::ffff:127.0.0.1', 'private'],
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['0:0:0:0:0:ffff:10.0.0.1', 'private'],
    ['::10.0.0.1', 'private'],
    ['::169.254.169.254', 'forbidden'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['64:ff9b:1::1', 'private'],
    ['2002:808:808::1', 'public'],
    ['2002:a00:1::1', 'private'],
    ['2002:a9fe:a9fe::', 'forbidden'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'private'],
    ['2001:4860:4860::8888', 'public'],
  ])('%s is %s', (address, network) => {
    expect(networkOfAddress(address)).toBe(network);
    if (network !== 'forbidden' || !/[ %]/.test(address))
      expect(networkOfHost(address.includes(':') ? `[${address}]` : address)).toBe(network);
  });

  test.each<[hostname: string, network: string]>([
    ['ghcr.io', 'public'],
    ['ghcr.io.', 'public'],
    ['registry', 'private'],
    ['localhost', 'private'],
    ['a.localhost', 'private'],
    ['registry.shop.svc', 'private'],
    ['registry.shop.svc.cluster.local', 'private'],
    ['nas.local', 'private'],
    ['ip-10-0-0-1.ec2.internal', 'private'],
    ['router.home.arpa', 'private'],
    ['metadata', 'forbidden'],
    ['METADATA.google.internal.', 'forbidden'],
    ['metadata.azure.internal', 'forbidden'],
    ['instance-data', 'forbidden'],
  ])('%s is %s, by its name', (hostname, network) => {
    expect(networkOfHost(hostname)).toBe(network);
  });
});
