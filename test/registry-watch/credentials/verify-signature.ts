import { createHash, createHmac } from 'node:crypto';
import type { Asked } from './cloud-server.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

export interface Verifying {
  readonly secret: string;
  /** The session that the keys belong to. */
  readonly token?: string;
  /** Time of day in milliseconds. */
  readonly now: number;
}

/**
 * Verifies signature version 4 as the manual of AWS describes it, for a request without a query, independently of the code
 * that signs. Gives what the signature is for, such as `AKID/20240601/eu-west-1/ecr`; undefined if it is not valid.
 */
export function signedFor({ method, url, headers, body }: Asked, { secret, token, now }: Verifying): string | undefined {
  const [, credential = '', names = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '') ??
    [];
  const [, date = '', region = '', service = '', end] = credential.split('/');
  const time = String(headers['x-amz-date']);
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const ageMs = Math.abs(now - Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`));
  const list = names.split(';');
  if (!(ageMs < 300_000) || !time.startsWith(date) || end !== 'aws4_request') return undefined;
  if (!list.includes('host') || !list.includes('x-amz-date')) return undefined;
  if (headers['x-amz-security-token'] !== token || (token !== undefined && !list.includes('x-amz-security-token')))
    return undefined;
  const canonical = [
    method,
    url.pathname,
    '',
    ...list.map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    names,
    hash(body),
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const key = [region, service, 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, date));
  const expected = hmac(key, ['AWS4-HMAC-SHA256', time, scope, hash(canonical)].join('\n')).toString('hex');
  return expected === signature ? credential.replace('/aws4_request', '') : undefined;
}
