/** Who may see an image: credentials from Docker config files, pull secrets and service accounts, found for one workload at a time. */
export { basicAuthorization, type Credential, describeCredential } from './credential.ts';
export { type CredentialSource, createCredentialSource, type PullSecrets, type ReadCore } from './credential-source.ts';
export { type DockerConfig, parseDockerConfig } from './docker-config.ts';
