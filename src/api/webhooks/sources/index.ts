import type { WebhookSource } from '../source.ts';
import { bitbucketCloud } from './bitbucket-cloud.ts';
import { bitbucketServer } from './bitbucket-server.ts';
import { dockerHub } from './docker-hub.ts';
import { generic } from './generic.ts';
import { gitea } from './gitea.ts';
import { gitHub } from './github.ts';
import { gitLab } from './gitlab.ts';
import { harbor } from './harbor.ts';
import { nexus } from './nexus.ts';
import { quay } from './quay.ts';

/** Sources by their names in Flux v1's receiver; Gitea and Generic are ours. */
export const SOURCES = {
  GitHub: gitHub,
  GitLab: gitLab,
  BitbucketCloud: bitbucketCloud,
  BitbucketServer: bitbucketServer,
  Gitea: gitea,
  Generic: generic,
  DockerHub: dockerHub,
  Quay: quay,
  Harbor: harbor,
  Nexus: nexus,
} as const satisfies Readonly<Record<string, WebhookSource>>;

export type SourceName = keyof typeof SOURCES;

export const SOURCE_NAMES = Object.keys(SOURCES) as readonly SourceName[];
