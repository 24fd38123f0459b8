import {
  type Clock,
  FluxError,
  type HttpRequest,
  type HttpResponse,
  type HttpTransport,
  hasCode,
  messageOf,
  type Secret,
  withoutSecret,
} from '../../base/index.ts';
import { type Fields, isFields } from '../../resource/index.ts';
import { printable } from '../answer.ts';
import { jsonObjectIn } from '../parsed-json.ts';

/** A request to a service of a cloud: its metadata service, or one that exchanges tokens. */
export interface CloudRequest<T> extends Pick<HttpRequest, 'method' | 'headers' | 'body' | 'reach'> {
  readonly url: URL;
  /** Hidden in what the service says. */
  readonly secrets?: readonly Secret[];
  /** The answer; undefined if the response is not one. */
  readonly read: (response: HttpResponse) => T | undefined;
  /** What to do after a failure. */
  readonly help: string;
}

/** The service answered, and does not give what was asked for. */
export class CloudRefusal extends FluxError {
  constructor(message: string, help: string) {
    super(message, { code: 'registry/no-credential', help });
  }
}

/** @throws FluxError `registry/no-credential`; a CloudRefusal if the service answered so. */
export type CloudRequester = <T>(request: CloudRequest<T>) => Promise<T>;

/** Waits between attempts: a failure is remembered for minutes, so one lost request must not cause it. */
const RETRIES_MS: readonly number[] = [500, 2000];
const TIMEOUT_MS = 5000;
const MAX_BYTES = 262_144;
/** Repeating the request changes nothing, unless AWS says by 400 that there were too many. */
const FINAL: readonly number[] = [400, 401, 403];

/** Sends requests with a deadline, retries lost ones, and follows no redirect: credentials go to the configured address only. */
export function createCloudRequester({ http, clock }: { readonly http: HttpTransport; readonly clock: Clock }): CloudRequester {
  return async <T>({ url, secrets = [], read, help, ...request }: CloudRequest<T>): Promise<T> => {
    const subject = `${request.method ?? 'GET'} ${url.origin}${url.pathname}`;
    const fail = (message: string, cause?: unknown) =>
      new FluxError(message, { code: 'registry/no-credential', help, ...(cause === undefined ? {} : { cause }) });
    for (let attempt = 0; ; attempt += 1) {
      let failure: FluxError;
      let isFinal = false;
      try {
        const response = await http.request({ ...request, url, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES });
        const answer = response.status === 200 ? read(response) : undefined;
        if (answer !== undefined) return answer;
        const stated = statedIn(response.body);
        const { status } = response;
        const said = status === 200 ? ', but not the expected answer' : quoted(stated, secrets);
        const message = `${subject}: status ${status}${said}`;
        const isRefusal = status >= 400 && status < 500 && status !== 429 && !/throttl/i.test(stated.kind);
        failure = isRefusal ? new CloudRefusal(message, help) : fail(message);
        isFinal = isRefusal && FINAL.includes(status);
      } catch (error) {
        failure = fail(messageOf(error), error);
        isFinal = hasCode(error, 'http/refused-address', 'http/bad-url', 'http/protocol');
      }
      const waitMs = RETRIES_MS[attempt];
      if (isFinal || waitMs === undefined) throw failure;
      await clock.sleep(waitMs);
    }
  };
}

/** The JSON object in a response; undefined if there is none. */
export function recordIn({ body }: Pick<HttpResponse, 'body'>): Fields | undefined {
  return jsonObjectIn(body.toString('utf8'));
}

interface Stated {
  readonly kind: string;
  readonly text: string;
}

/** The error that a cloud or registry states in an answer; of other answers nothing is quoted. */
function statedIn(body: Buffer): Stated {
  const document = recordIn({ body }) ?? fieldsOfXml(body);
  const first: unknown = Array.isArray(document.errors) ? document.errors[0] : undefined;
  const fields = isFields(first) ? first : document;
  const firstText = (...values: readonly unknown[]) => values.find((value) => typeof value === 'string') ?? '';
  return {
    kind: firstText(fields.error, fields.__type, fields.code),
    text: firstText(fields.error_description, fields.message, fields.Message),
  };
}

/** Errors of the AWS token service are XML. */
function fieldsOfXml(body: Buffer): Fields {
  const text = body.toString('utf8', 0, 4096);
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1];
  return { code: field('Code'), message: field('Message') };
}

function quoted({ kind, text }: Stated, secrets: readonly Secret[]): string {
  const said = secrets.reduce((rest, secret) => withoutSecret(rest, secret.reveal()), [kind, text].filter(Boolean).join(': '));
  return said === '' ? '' : `, ${printable(said)}`;
}
