import { FluxError, messageOf } from '../../base/index.ts';

/** Help for users of fluxctl whose way to the daemon fails in the API server; the daemon's own help is for its operator. */
const HELP: Readonly<Record<string, string>> = {
  'cluster/unreachable':
    'The API server does not respond. Check that it is up, and that the kubeconfig has the right address. Try: kubectl version. Use --context for another context, or --url for a daemon with another address.',
  'cluster/timeout': 'The API server is too slow, or a firewall drops packets. Try: kubectl version.',
  'cluster/unauthorized':
    'The API server could not authenticate you: your token or certificate is invalid or expired. Log in again, as for kubectl.',
  'cluster/credentials': 'The credential plugin or file of the kubeconfig failed. Try: kubectl version.',
};

/** An error on the way to the daemon, with help for the user of fluxctl. */
export function withAdvice(message: string, error: unknown, { namespace }: { readonly namespace: string }): FluxError {
  const code = error instanceof FluxError ? error.code : 'cluster/no-pod';
  const help = code === 'cluster/forbidden' ? rightsNeeded(namespace) : (HELP[code] ?? helpOf(error));
  return new FluxError(message, { code, ...(help === undefined ? {} : { help }), cause: error });
}

/** Why a connection through a port-forward failed. `error` is from the WebSocket client. */
export function forwardFailure(error: unknown, where: { readonly namespace: string; readonly pod: string }): FluxError {
  const text = textOf(error);
  const status = statusOf(text);
  const message = `Could not forward a port to pod ${where.namespace}/${where.pod}: ${ANSWERS[status ?? ''] ?? text}`;
  const code = CODES[status ?? ''] ?? 'cluster/no-forward';
  return withAdvice(message, new FluxError(text, { code, cause: error }), where);
}

/** Whether the pod does not exist. */
export function isPodGone(error: unknown): boolean {
  return statusOf(textOf(error)) === '404';
}

function textOf(error: unknown): string {
  return error instanceof Error || !hasMessage(error) ? messageOf(error) : error.message;
}

function statusOf(text: string): string | undefined {
  return /Unexpected server response: (\d{3})/.exec(text)?.[1];
}

const ANSWERS: Readonly<Record<string, string>> = {
  '401': 'Unauthorized',
  '403': 'pods/portforward is forbidden',
  '404': 'the pod is gone',
};
const CODES: Readonly<Record<string, string>> = { '401': 'cluster/unauthorized', '403': 'cluster/forbidden' };

/** The error of the pod's node if no process accepts the connection in the pod, or if it breaks. */
export function unansweredInPod(
  text: string,
  { namespace, pod, port }: { readonly namespace: string; readonly pod: string; readonly port: number },
): FluxError {
  return new FluxError(`Could not forward a port to pod ${namespace}/${pod}: ${text.replace(/\s+/g, ' ').trim()}`, {
    code: /\bdial\b|connection refused/.test(text) ? 'cluster/no-forward' : 'cluster/forward-broken',
    help: `fluxd must listen on port ${port} (--listen) and be up: kubectl -n ${namespace} logs ${pod}.`,
  });
}

function rightsNeeded(namespace: string): string {
  return `You need the rights to list pods and to create pods/portforward in namespace ${JSON.stringify(namespace)}. Ask for them, or use --url for the daemon's address and --token for a token.`;
}

function helpOf(error: unknown): string | undefined {
  return error instanceof FluxError ? error.help : undefined;
}

/** The client's error events are not Errors, but have a message. */
function hasMessage(value: unknown): value is { readonly message: string } {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}
