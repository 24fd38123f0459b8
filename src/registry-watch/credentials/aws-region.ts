import { type AwsOptions, awsRegionIn } from './aws-identity.ts';
import { awsMetadata, wordLike } from './aws-metadata.ts';

/** The region that fluxd runs in: that of the environment, or of the machine. @throws FluxError if the machine does not say. */
export async function awsRegion({ environment, ask }: Pick<AwsOptions, 'environment' | 'ask'>): Promise<string> {
  return awsRegionIn(environment) ?? (await awsMetadata(environment, ask).read('placement/region', wordLike(/^[a-z0-9-]+$/)));
}
