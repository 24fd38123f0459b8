import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { FluxError } from '../errors.ts';
import { isWithin, networkOfAddress, type Reach } from './network.ts';

/**
 * Resolves names for connections that are limited to `reach`: all addresses of a name must be within it, and the connection is made to
 * one of the checked addresses (S-012).
 */
export function lookupWithin(reach: Reach, lookup: LookupFunction = systemLookup): LookupFunction {
  return (hostname, options, callback) =>
    lookup(hostname, options, (error, found, family) => {
      const addresses = typeof found === 'string' ? [found] : (found ?? []).map(({ address }) => address);
      const isRefused = !error && !addresses.every((address) => isWithin(networkOfAddress(address), reach));
      if (isRefused) callback(refused(hostname, reach), found, family);
      else callback(error, found, family);
    });
}

/** The same for a host that is an address. @throws FluxError `http/refused-address` */
export function checkReach(hostname: string, reach: Reach): void {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0 && !isWithin(networkOfAddress(address), reach)) throw refused(hostname, reach);
}

function refused(hostname: string, reach: Reach): FluxError {
  const where = reach === 'public' ? 'that is not public' : 'of a metadata service, or one that does not belong to a host';
  return new FluxError(`${hostname} is at an address ${where}`, { code: 'http/refused-address', fault: 'user' });
}
