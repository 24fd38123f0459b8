import type { HttpResponse } from '../../base/index.ts';
import type { CloudRequester } from './cloud-request.ts';

/** The metadata service of EC2, version 2: each read needs a token, which a redirect or a web page cannot get. */
export interface AwsMetadata {
  /** What is at a path below `/latest/meta-data/`. */
  read<T>(path: string, read: (response: HttpResponse) => T | undefined): Promise<T>;
}

/** Reads an answer that is one word. */
export function wordLike(pattern: RegExp): (response: HttpResponse) => string | undefined {
  return ({ body }) => pattern.exec(body.toString('utf8').trim())?.[0];
}

export const AWS_HELP =
  'Give fluxd an identity that may call ecr:GetAuthorizationToken and read the repositories: a role for its service account (IRSA or EKS pod identity), or that of the machine, whose metadata service the pod must reach (registry.metadata in the chart, hop limit 2). Otherwise use an imagePullSecret or --docker-config.';

/** Whether the machine is left out, as in the libraries of AWS. */
export function isMetadataDisabled({ AWS_EC2_METADATA_DISABLED }: Readonly<Record<string, string | undefined>>): boolean {
  return AWS_EC2_METADATA_DISABLED?.toLowerCase() === 'true';
}

/** Its AWS_EC2_METADATA_SERVICE_ENDPOINT replaces the address, as in the libraries of AWS. */
export function awsMetadata(environment: Readonly<Record<string, string | undefined>>, ask: CloudRequester): AwsMetadata {
  const base = environment.AWS_EC2_METADATA_SERVICE_ENDPOINT || 'http://169.254.169.254';
  const help = AWS_HELP;
  return {
    async read(path, read) {
      const token = await ask({
        method: 'PUT',
        url: new URL('/latest/api/token', base),
        headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' },
        read: wordLike(/^[\w+/=-]+$/),
        help,
      });
      return ask({ url: new URL(`/latest/meta-data/${path}`, base), headers: { 'x-aws-ec2-metadata-token': token }, read, help });
    },
  };
}
