import { type Clock, FluxError, type HttpTransport, messageOf } from '../base/index.ts';
import { awsRegion, createCloudRequester, ecrTokens } from './credentials/index.ts';

/** A registry whose API must be available at start, `--registry-require`. */
export type RequiredRegistry = 'ecr';

export interface RequireOptions {
  readonly http: HttpTransport;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
  /** `--registry-ecr-region` */
  readonly ecrRegions?: readonly string[];
}

/**
 * Checks that fluxd gets a token for Amazon ECR in the first of the regions, or its own.
 * @throws FluxError `registry/required-unavailable`
 */
export async function checkRequired(
  required: readonly RequiredRegistry[],
  { http, clock, environment, readFile, ecrRegions }: RequireOptions,
): Promise<void> {
  if (!required.includes('ecr')) return;
  const ask = createCloudRequester({ http, clock });
  try {
    const region = ecrRegions?.[0] ?? (await awsRegion({ environment, ask }));
    const provider = ecrTokens({ environment, readFile, ask, clock });
    // A token is for every account, so any will do.
    const host = `000000000000.dkr.ecr.${region}.amazonaws.com`;
    if (!provider.serves(host)) throw new FluxError(`${JSON.stringify(region)} is not a region`, { code: 'registry/bad-region' });
    await provider.credential(host);
  } catch (error) {
    throw new FluxError(`AWS API required (due to --registry-require=ecr), but not available: ${messageOf(error)}`, {
      code: 'registry/required-unavailable',
      fault: 'user',
      cause: error,
      ...(error instanceof FluxError && error.help !== undefined ? { help: error.help } : {}),
    });
  }
}
