import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** How an answer is lost: before the request is read, after its effect, in the middle of the answer, or as an error of a server in between. */
export const LOSSES = ['no request', 'no answer', 'half an answer', 'error 503'] as const;
export type Loss = (typeof LOSSES)[number];
/** An answer that does not come. */
const HANGS = 'hangs';

export interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** An HTTP server that answers as `answer` says, keeps requests, and loses the first one in one way. */
async function serve(answer: (request: Request) => Answer, loss?: Loss | typeof HANGS) {
  const requests: Request[] = [];
  let left = loss;
  const server: Server = createServer((request, response) => void handle(request, response));
  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const lost = left;
    left = undefined;
    if (lost === 'no request') return void incoming.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const { method = '', url = '', headers } = incoming;
    const request = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
    requests.push(request);
    if (lost === HANGS) return;
    const { status, body } = answer(request);
    const text = JSON.stringify(body);
    if (lost === 'no answer') return void incoming.socket.destroy();
    if (lost === 'error 503') return void response.writeHead(503).end();
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    if (lost === undefined) return void response.end(text);
    response.write(text.slice(0, text.length / 2), () => incoming.socket.destroy());
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { requests, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export const ACCESS = { id: 'AKIAEXAMPLE', secret: 'example-secret' } as const;
export const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000000';

/** AWS KMS with one key, whose ciphertexts are the plaintexts with a prefix. It checks signature, target and key. */
export function imitatedKms(loss?: Loss) {
  return serve((request) => {
    const refused = (type: string): Answer => ({ status: 400, body: { __type: type, message: 'canary' } });
    if (!isSigned(request)) return refused('InvalidSignatureException');
    const body: unknown = JSON.parse(request.body);
    if (typeof body !== 'object' || body === null || !('KeyId' in body) || body.KeyId !== ARN)
      return refused('NotFoundException');
    if (request.headers['x-amz-target'] === 'TrentService.Encrypt' && 'Plaintext' in body) {
      const blob = Buffer.concat([Buffer.from('kms:'), Buffer.from(String(body.Plaintext), 'base64')]);
      return { status: 200, body: { CiphertextBlob: blob.toString('base64'), KeyId: ARN } };
    }
    if (request.headers['x-amz-target'] === 'TrentService.Decrypt' && 'CiphertextBlob' in body) {
      const blob = Buffer.from(String(body.CiphertextBlob), 'base64');
      if (!blob.subarray(0, 4).equals(Buffer.from('kms:'))) return refused('InvalidCiphertextException');
      return { status: 200, body: { Plaintext: blob.subarray(4).toString('base64'), KeyId: ARN } };
    }
    return refused('UnknownOperationException');
  }, loss);
}

/** Signature Version 4 of a request without query, by the key of `ACCESS`. */
function isSigned({ method, path, headers, body }: Request): boolean {
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, id, day = '', region = '', signed = '', signature] = pattern.exec(headers.authorization as string) ?? [];
  if (id !== ACCESS.id || region !== 'eu-west-1') return false;
  const names = signed.split(';');
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => names.includes(name))) return false;
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/kms/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${ACCESS.secret}`);
  for (const part of [day, region, 'kms', 'aws4_request', text]) key = createHmac('sha256', key).update(part).digest();
  return key.toString('hex') === signature;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export const TOKEN = 'hvs.example';

/** The transit engine of Vault with one key, `transit/keys/flux`. It checks token and path. */
export function imitatedVault(loss?: Loss | typeof HANGS) {
  return serve(({ method, path, headers, body }) => {
    if (headers['x-vault-token'] !== TOKEN) return { status: 403, body: { errors: ['permission denied'] } };
    const value: unknown = JSON.parse(body);
    const isWrite = method === 'PUT' || method === 'POST';
    if (isWrite && path === '/v1/transit/encrypt/flux' && isRecord(value))
      return { status: 200, body: { data: { ciphertext: `vault:v1:${value.plaintext}` } } };
    if (isWrite && path === '/v1/transit/decrypt/flux' && isRecord(value))
      return { status: 200, body: { data: { plaintext: String(value.ciphertext).slice('vault:v1:'.length) } } };
    return { status: 404, body: { errors: ['no handler for route'] } };
  }, loss);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
