/** A private registry of Amazon ECR. */
export interface EcrHost {
  readonly account: string;
  readonly region: string;
  /** An endpoint with validated cryptography. */
  readonly fips: boolean;
}

/** https://docs.aws.amazon.com/general/latest/gr/ecr.html: also FIPS, China, and hosts with IPv6 (`dkr-ecr`, `on.aws`). */
const PRIVATE =
  /^(?<account>\d{12})\.dkr(?:\.ecr(?<fips>-fips)?\.(?<region>[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.amazonaws\.com(?:\.cn)?|-ecr(?<dualFips>-fips)?\.(?<dualRegion>[a-z]{2,4}(?:-[a-z]+)+-\d{1,2})\.on\.(?:aws|amazonwebservices\.com\.cn))$/;

/** Its images are public; with an identity, AWS limits the rate less. */
export const ECR_PUBLIC = 'public.ecr.aws';

/** Undefined for every host that does not belong to Amazon ECR (S-057). */
export function parseEcrHost(host: string): EcrHost | undefined {
  const { account, fips, region, dualFips, dualRegion } = PRIVATE.exec(host)?.groups ?? {};
  const found = region ?? dualRegion;
  return account === undefined || found === undefined
    ? undefined
    : { account, region: found, fips: (fips ?? dualFips) !== undefined };
}
