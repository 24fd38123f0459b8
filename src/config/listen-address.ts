/** Where to listen; the empty host means every interface. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Go's `host:port`; the host may be empty or an IPv6 address in brackets. @throws RangeError */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain = '', port = ''] = /^(?:\[([^[\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === '') throw new RangeError('expected host:port, for example :3030 or localhost:3030');
  if (Number(port) > 65_535) throw new RangeError('port out of range');
  return { host: bracketed ?? plain, port: Number(port) };
}
