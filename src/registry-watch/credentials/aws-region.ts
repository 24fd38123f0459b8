import { type AwsOptions, awsRegionIn } from './aws-identity.ts';
import { AWS_HELP, awsMetadata, isMetadataDisabled, wordLike } from './aws-metadata.ts';
import { CloudRefusal } from './cloud-request.ts';

type RegionOptions = Pick<AwsOptions, 'environment' | 'ask'>;

/**
 * The region that fluxd runs in: that of the environment, or of the machine.
 * @throws CloudRefusal if the machine has none, or is left out; FluxError `registry/no-credential` if it does not answer.
 */
export async function awsRegion({ environment, ask }: RegionOptions): Promise<string> {
  const named = awsRegionIn(environment);
  if (named !== undefined) return named;
  if (isMetadataDisabled(environment))
    throw new CloudRefusal('no AWS_REGION is set, and AWS_EC2_METADATA_DISABLED=true', AWS_HELP);
  return awsMetadata(environment, ask).read('placement/region', wordLike(/^[a-z0-9-]+$/));
}

/** The same; undefined if there is none. @throws FluxError `registry/no-credential` if the machine does not answer. */
export async function awsRegionIfAny(options: RegionOptions): Promise<string | undefined> {
  try {
    return await awsRegion(options);
  } catch (error) {
    if (error instanceof CloudRefusal) return undefined;
    throw error;
  }
}
