import { networkInterfaces } from 'node:os';

/** An address of this machine that is not loopback; undefined where there is none. */
export const networkAddress = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
