export const HOSTS = ['github', 'gitlab', 'gitea', 'bitbucket-cloud', 'bitbucket-server', 'azure-devops'] as const;
export type HostKind = (typeof HOSTS)[number];
