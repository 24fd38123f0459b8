import type { User } from '@kubernetes/client-node';
import { FluxError, messageOf } from '../../base/index.ts';

/**
 * Why a kubeconfig cannot be read: a place and a kind. Parsers quote what stands around a mistake, which may be a token, so their
 * words go nowhere, not even as the cause.
 */
export function kubeconfigFailure(error: unknown, where: string): FluxError {
  if (error instanceof FluxError) return error;
  return new FluxError(`${where}: ${kindOf(error)}`, {
    code: 'cluster/bad-config',
    fault: 'user',
    help: 'The kubeconfig cannot be used. Check the file and the name of the context with kubectl config view.',
    ...(isSystemError(error) ? { cause: error } : {}),
  });
}

const MISSING = /^(?:clusters|users|contexts)\[\d+\](?:\.[a-z]+)+ is missing$/;
const TWICE = /^Duplicate (cluster|user|context):/;

function kindOf(error: unknown): string {
  const message = messageOf(error);
  if (isSystemError(error) || MISSING.test(message)) return message;
  const line = lineOf(error);
  if (line !== undefined) return `line ${line}: it is not valid YAML`;
  const twice = TWICE.exec(message)?.[1];
  return twice === undefined ? 'it is not a kubeconfig' : `it defines a ${twice} twice`;
}

/** Why there are no credentials for the user of a kubeconfig; what a plugin prints may hold a token. */
export function credentialFailure(error: unknown, user: User | null, where: string): FluxError {
  return new FluxError(`credentials of ${where}: ${reasonOf(error, user)}`, {
    code: 'cluster/credentials',
    help: 'The credential plugin or token file named in the kubeconfig could not be used. What a plugin prints is not shown, since it may hold a token: run it by hand.',
    ...(isSystemError(error) ? { cause: error } : {}),
  });
}

function reasonOf(error: unknown, user: User | null): string {
  if (isSystemError(error) || error instanceof FluxError) return messageOf(error);
  const isPlugin = user?.exec || user?.authProvider?.config?.exec;
  if (!isPlugin) return 'they cannot be used';
  if (error instanceof SyntaxError) return 'the credential plugin printed something else than JSON';
  return error instanceof TypeError ? 'the credential plugin printed no credentials' : 'the credential plugin failed';
}

/** Such an error names a path or a program, and nothing that was read. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Where a YAML parser stopped, counted from 1. */
function lineOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('mark' in error)) return undefined;
  const { mark } = error;
  if (typeof mark !== 'object' || mark === null || !('line' in mark) || typeof mark.line !== 'number') return undefined;
  return mark.line + 1;
}
