import { FluxError, hasCode, messageOf } from '../../base/index.ts';

/** A request whose response did not arrive. */
export interface Loss {
  readonly error: FluxError;
  /** `no` when the request certainly did not reach the daemon, or had no effect. */
  readonly arrived: 'no' | 'maybe';
  /** Whether it timed out. */
  readonly tookAllTime: boolean;
}

/**
 * The transport's error, worded as in Go's HTTP client, which scripts and users know from Flux v1.
 * @throws errors that no retry can fix.
 */
export function lossOf(error: unknown, { verb, target }: { readonly verb: string; readonly target: string }): Loss {
  const code = error instanceof FluxError ? error.code : '';
  // The connection failed on the way to the daemon, and the transport knows where.
  if (error instanceof FluxError && code.startsWith('cluster/')) {
    if (CLOSED.includes(code)) throw error;
    return { error, arrived: code === 'cluster/forward-broken' ? 'maybe' : 'no', tookAllTime: false };
  }
  const wrapped = new FluxError(
    `executing HTTP request: executing HTTP request: ${verb} ${JSON.stringify(target)}: ${reason(error)}`,
    { code: 'api/unreachable', cause: error, ...(isUntrusted(error) ? { help: UNTRUSTED_HELP } : {}) },
  );
  if (FINAL.includes(code) || isFinal(error)) throw wrapped;
  return { error: wrapped, arrived: isUnsent(error) ? 'no' : 'maybe', tookAllTime: code === 'http/timeout' };
}

/** Whether an error is of a request that failed on its way and may succeed later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof FluxError)) return false;
  if (error.code === 'api/unreachable') return !isFinal(error.cause);
  return error.code === 'api/unavailable' || (error.code.startsWith('cluster/') && !CLOSED.includes(error.code));
}

/** Errors that last until the user intervenes. */
const CLOSED: readonly string[] = [
  'cluster/forbidden',
  'cluster/unauthorized',
  'cluster/credentials',
  'cluster/no-config',
  'cluster/bad-config',
  'cluster/ambiguous-pod',
  'cluster/tls',
];

/** Errors of the transport. A response that is too large would be so again. */
const FINAL: readonly string[] = ['http/bad-url', 'http/protocol', 'http/too-large'];
const FINAL_SYSTEM: readonly string[] = ['ENOTFOUND'];

function isFinal(error: unknown): boolean {
  return FINAL_SYSTEM.includes(systemError(error)?.code ?? '') || isUntrusted(error) || isNoTls(error);
}

/** Nothing is sent to a server whose certificate is not accepted. */
function isUntrusted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && /CERT|SIGNATURE/.test(String(error.code))) || isUntrusted(error.cause);
}

const UNTRUSTED_HELP =
  'The certificate was rejected, so nothing was sent. Set NODE_EXTRA_CA_CERTS to a file with additional CAs, or use the name in the certificate as the host of --url.';

/** Whether a plain HTTP server was called by https. */
function isNoTls(error: unknown): boolean {
  const { code, message = '' } = systemError(error) ?? {};
  return code === 'EPROTO' && message.includes('wrong version number');
}

/** Whether no connection was made. */
function isUnsent(error: unknown): boolean {
  const { code = '', syscall } = systemError(error) ?? {};
  return syscall === 'connect' || NOT_SENT.includes(code);
}

const NOT_SENT: readonly string[] = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'];

function reason(error: unknown): string {
  // Go's text already names the request.
  if (hasCode(error, 'http/timeout')) return error.message.replace(/^.*: /s, '');
  const system = systemError(error);
  const at = system?.address ? `${system.address}:${system.port ?? ''}` : '';
  if (isNoTls(error)) return 'http: server gave HTTP response to HTTPS client';
  switch (system?.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${at}: connect: connection refused`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${system.hostname ?? ''}: no such host`;
    case 'ECONNRESET':
      return 'EOF';
    default:
      return system?.message ?? messageOf(hasCode(error, 'http/connection') ? error.cause : error);
  }
}

interface SystemError {
  readonly code?: string;
  readonly syscall?: string;
  readonly address?: string;
  readonly port?: number;
  readonly hostname?: string;
  readonly message: string;
}

/** The operating system's error at the end of a chain of causes; the first of several addresses tried. */
function systemError(error: unknown): SystemError | undefined {
  if (error instanceof AggregateError) return systemError(error.errors[0]);
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && /^E[A-Z_]+$/.test(error.code)) return error as SystemError;
  return systemError(error.cause);
}
