/** Credentials for image repositories, from pull secrets, service accounts, Docker config files and the identities of clouds, looked up for each workload. */
export { awsRegion, awsRegionIfAny } from './aws-region.ts';
export { createCloudRequester } from './cloud-request.ts';
export { accountKey, basicAuthorization, type Credential, describeCredential } from './credential.ts';
export { type CredentialSource, createCredentialSource } from './credential-source.ts';
export { type DockerConfig, parseDockerConfig } from './docker-config.ts';
export { ecrTokens } from './ecr.ts';
export { type EcrHost, parseEcrHost } from './ecr-host.ts';
export type { ReadCore } from './pull-secrets.ts';
