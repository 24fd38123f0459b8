/**
 * A *Git host* keeps pull requests beside a repository: GitHub, GitLab (merge requests), Gitea, Bitbucket and Azure DevOps. Each is a
 * small client of the published API behind one interface, with the few operations that a proposed change needs. All of them can be
 * repeated after a lost answer: the request of a branch is looked up before one is created. Answers are parsed by schema; errors name the
 * host, the request and the next step, and never the token.
 */

export { createGitHost, type GitHostOptions } from './choose.ts';
export type { Branches, GitHost, PullRequest, PullRequestText, RequestExtras } from './git-host.ts';
export { HOSTS, type HostKind } from './host-kind.ts';
export { type Repository, repositoryOf } from './repository.ts';
export { type WebPages, webPagesOf } from './web-pages.ts';
