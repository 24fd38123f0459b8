import type { User } from '@kubernetes/client-node';
import { FluxError, messageOf } from '../../base/index.ts';

/**
 * Why a kubeconfig is invalid: only location and kind. Parsers quote the surrounding text, which may be a token, so their errors are
 * dropped, even as the cause.
 */
export function kubeconfigFailure(error: unknown, where: string): FluxError {
  if (error instanceof FluxError) return error;
  return new FluxError(`${where}: ${kindOf(error)}`, {
    code: 'cluster/bad-config',
    fault: 'user',
    help: 'The kubeconfig is unusable. Check the file and the context name with kubectl config view.',
    ...(isSystemError(error) ? { cause: error } : {}),
  });
}

const MISSING = /^(?:clusters|users|contexts)\[\d+\](?:\.[a-z]+)+ is missing$/;
const TWICE = /^Duplicate (cluster|user|context):/;

function kindOf(error: unknown): string {
  const message = messageOf(error);
  if (isSystemError(error) || MISSING.test(message)) return message;
  const line = lineOf(error);
  if (line !== undefined) return `line ${line}: invalid YAML`;
  const twice = TWICE.exec(message)?.[1];
  return twice === undefined ? 'it is not a kubeconfig' : `it defines a ${twice} twice`;
}

/** Why the credentials of a kubeconfig's user are unavailable. A plugin's output may contain a token, so it is not shown. */
export function credentialFailure(error: unknown, user: User | null, where: string): FluxError {
  return new FluxError(`credentials of ${where}: ${reasonOf(error, user)}`, {
    code: 'cluster/credentials',
    help: 'The credential plugin or token file in the kubeconfig failed. The output of a plugin is not shown, since it may contain a token: run it manually.',
    ...(isSystemError(error) ? { cause: error } : {}),
  });
}

function reasonOf(error: unknown, user: User | null): string {
  if (isSystemError(error) || error instanceof FluxError) return messageOf(error);
  const isPlugin = user?.exec || user?.authProvider?.config?.exec;
  if (!isPlugin) return 'they are unusable';
  if (error instanceof SyntaxError) return 'the output of the credential plugin is not JSON';
  return error instanceof TypeError
    ? 'the output of the credential plugin contains no credentials'
    : 'the credential plugin failed';
}

/** Whether an error contains only a path or a program, but no content. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

/** Line at which a YAML parser stopped, from 1. */
function lineOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('mark' in error)) return undefined;
  const { mark } = error;
  if (typeof mark !== 'object' || mark === null || !('line' in mark) || typeof mark.line !== 'number') return undefined;
  return mark.line + 1;
}
