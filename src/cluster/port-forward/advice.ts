import { FluxError, messageOf } from '../../base/index.ts';

/** What a person can do about an API server that does not let them to the daemon; the daemon's own advice is for its operator. */
const HELP: Readonly<Record<string, string>> = {
  'cluster/unreachable':
    'The API server does not answer. Is it up, and does the kubeconfig name the right one? Try: kubectl version. Another context is chosen by --context; a daemon that is reached otherwise, by --url.',
  'cluster/timeout': 'The API server is too slow, or a firewall drops what is sent to it. Try: kubectl version.',
  'cluster/unauthorized':
    'The API server does not know who you are: your token or certificate is not valid, or not any more. Log in again, as for kubectl.',
  'cluster/credentials':
    'The kubeconfig names a program or a file that gives your credentials, and that did not work. Try: kubectl version.',
};

/** An error of the way to the daemon, with the advice that fits whoever uses fluxctl. */
export function withAdvice(message: string, error: unknown, { namespace }: { readonly namespace: string }): FluxError {
  const code = error instanceof FluxError ? error.code : 'cluster/no-pod';
  const help = code === 'cluster/forbidden' ? rightsNeeded(namespace) : (HELP[code] ?? helpOf(error));
  return new FluxError(message, { code, ...(help === undefined ? {} : { help }), cause: error });
}

/** Why a connection through a port-forward could not be made. `error` is what the WebSocket client gave. */
export function forwardFailure(error: unknown, where: { readonly namespace: string; readonly pod: string }): FluxError {
  const text = textOf(error);
  const status = statusOf(text);
  const message = `Could not forward a port to pod ${where.namespace}/${where.pod}: ${ANSWERS[status ?? ''] ?? text}`;
  const code = CODES[status ?? ''] ?? 'cluster/no-forward';
  return withAdvice(message, new FluxError(text, { code, cause: error }), where);
}

/** Whether the API server knows no such pod. */
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

/** What the pod's node says when nothing takes the connection in the pod, or when it breaks. */
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
  return `You need the rights to list pods and to create pods/portforward in namespace ${JSON.stringify(namespace)}. Ask for them, or give the daemon's address by --url and a token by --token.`;
}

function helpOf(error: unknown): string | undefined {
  return error instanceof FluxError ? error.help : undefined;
}

/** The client's events of errors are no Errors, but have their text. */
function hasMessage(value: unknown): value is { readonly message: string } {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}
