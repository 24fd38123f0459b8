import type { WebhookSource } from '../source.ts';
import { acr } from './acr.ts';
import { bitbucketCloud } from './bitbucket-cloud.ts';
import { bitbucketServer } from './bitbucket-server.ts';
import { distribution } from './distribution.ts';
import { dockerHub } from './docker-hub.ts';
import { ecr } from './ecr.ts';
import { generic } from './generic.ts';
import { gitea } from './gitea.ts';
import { gitHub } from './github.ts';
import { gitLab } from './gitlab.ts';
import { googleContainerRegistry } from './google-container-registry.ts';
import { harbor } from './harbor.ts';
import { nexus } from './nexus.ts';
import { quay } from './quay.ts';

/** Sources by their names in Flux v1's receiver; Gitea, Generic, Distribution, ACR and ECR are ours. */
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
  GoogleContainerRegistry: googleContainerRegistry,
  Distribution: distribution,
  ACR: acr,
  ECR: ecr,
} as const satisfies Readonly<Record<string, WebhookSource>>;

export type SourceName = keyof typeof SOURCES;

export const SOURCE_NAMES = Object.keys(SOURCES) as readonly SourceName[];
