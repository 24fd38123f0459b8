import type { NotifiedChange } from '../../../src/controller/index.ts';
import { hmac } from './fixture.ts';

/** A delivery as a source makes it. The payloads have the fields that the sources document, as far as we or our tests read them. */
export interface Sample {
  readonly source: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: unknown;
  readonly registryHost?: string;
  /** The headers by which it is signed. */
  readonly sign: (key: string, body: string) => Readonly<Record<string, string>>;
  readonly tells: readonly NotifiedChange[];
}

const repository = {
  full_name: 'acme/config',
  html_url: 'https://git.example/acme/config',
  ssh_url: 'git@git.example:acme/config.git',
  clone_url: 'https://git.example/acme/config.git',
};
const urls = ['git@git.example:acme/config.git', 'https://git.example/acme/config.git', 'https://git.example/acme/config'];
const push = { kind: 'push', urls, branch: 'main' } as const;
const before = { before: '1f'.repeat(20), after: '2e'.repeat(20) };

export const SAMPLES: readonly Sample[] = [
  {
    source: 'GitHub',
    headers: { 'x-github-event': 'push', 'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958' },
    payload: { ref: 'refs/heads/main', ...before, repository, commits: [] },
    sign: (key, body) => ({
      'x-hub-signature-256': `sha256=${hmac(key, body)}`,
      'x-hub-signature': `sha1=${hmac(key, body, 'sha1')}`,
    }),
    tells: [push],
  },
  {
    source: 'GitLab',
    headers: { 'x-gitlab-event': 'Push Hook' },
    payload: {
      object_kind: 'push',
      ref: 'refs/heads/main',
      ...before,
      project: {
        path_with_namespace: 'acme/config',
        git_ssh_url: repository.ssh_url,
        git_http_url: repository.clone_url,
        web_url: repository.html_url,
      },
    },
    sign: (key) => ({ 'x-gitlab-token': key }),
    tells: [push],
  },
  {
    source: 'BitbucketCloud',
    headers: { 'x-event-key': 'repo:push' },
    payload: {
      repository: { full_name: 'acme/config', type: 'repository' },
      push: {
        changes: [
          { new: { type: 'branch', name: 'main' }, old: { type: 'branch', name: 'main' } },
          { new: { type: 'tag', name: 'v1' }, old: null },
          { new: null, old: { type: 'branch', name: 'gone' } },
        ],
      },
    },
    sign: (key, body) => ({ 'x-hub-signature': `sha256=${hmac(key, body)}` }),
    tells: [{ kind: 'push', urls: ['git@bitbucket.org:acme/config.git'], branch: 'main' }],
  },
  {
    source: 'BitbucketServer',
    headers: { 'x-event-key': 'repo:refs_changed' },
    payload: {
      eventKey: 'repo:refs_changed',
      repository: {
        slug: 'config',
        links: {
          clone: [
            { href: 'ssh://git@git.example:7999/acme/config.git', name: 'ssh' },
            { href: 'https://git.example/scm/acme/config.git', name: 'http' },
          ],
        },
      },
      changes: [
        { ref: { id: 'refs/heads/main', displayId: 'main', type: 'BRANCH' }, type: 'UPDATE' },
        { ref: { id: 'refs/heads/main', displayId: 'main', type: 'BRANCH' }, type: 'UPDATE' },
        { ref: { id: 'refs/tags/v1', displayId: 'v1', type: 'TAG' }, type: 'ADD' },
      ],
    },
    sign: (key, body) => ({ 'x-hub-signature': `sha256=${hmac(key, body)}` }),
    tells: [
      {
        kind: 'push',
        urls: ['ssh://git@git.example:7999/acme/config.git', 'https://git.example/scm/acme/config.git'],
        branch: 'main',
      },
    ],
  },
  {
    source: 'Gitea',
    headers: { 'x-gitea-event': 'push', 'x-github-event': 'push' },
    payload: { ref: 'refs/heads/main', ...before, repository },
    sign: (key, body) => ({ 'x-gitea-signature': hmac(key, body) }),
    tells: [push],
  },
  {
    source: 'Generic',
    headers: {},
    payload: { url: 'git@git.example:acme/config.git', branch: 'main' },
    sign: (key, body) => ({ 'x-signature': `sha256=${hmac(key, body)}` }),
    tells: [{ kind: 'push', urls: ['git@git.example:acme/config.git'], branch: 'main' }],
  },
  {
    source: 'DockerHub',
    headers: {},
    payload: { push_data: { tag: 'latest' }, repository: { repo_name: 'acme/api', name: 'api', namespace: 'acme' } },
    sign: () => ({}),
    tells: [{ kind: 'image', domain: '', image: 'acme/api' }],
  },
  {
    source: 'Quay',
    headers: {},
    payload: { name: 'api', repository: 'acme/api', docker_url: 'quay.io/acme/api', updated_tags: ['latest'] },
    sign: () => ({}),
    tells: [{ kind: 'image', domain: 'quay.io', image: 'acme/api' }],
  },
  {
    source: 'Harbor',
    headers: {},
    payload: {
      type: 'PUSH_ARTIFACT',
      event_data: { resources: [{ digest: 'sha256:aa', tag: '1.2', resource_url: 'hub.example/acme/api:1.2' }] },
    },
    sign: (key) => ({ authorization: key }),
    tells: [{ kind: 'image', domain: 'hub.example', image: 'acme/api' }],
  },
  {
    source: 'Nexus',
    headers: { 'x-nexus-webhook-id': 'rm:repository:component' },
    registryHost: 'nexus.example:5000',
    payload: { action: 'CREATED', component: { format: 'docker', name: 'acme/api', version: '1.2' } },
    sign: (key, body) => ({ 'x-nexus-webhook-signature': hmac(key, body, 'sha1') }),
    tells: [{ kind: 'image', domain: 'nexus.example:5000', image: 'acme/api' }],
  },
  {
    source: 'Gitea',
    headers: { 'x-gitea-event': 'package' },
    payload: {
      action: 'created',
      repository: null,
      package: {
        id: 7,
        type: 'container',
        name: 'shop/api',
        version: '1.2',
        owner: { login: 'Acme' },
        html_url: 'https://git.example:3000/Acme/-/packages/container/shop%2Fapi/1.2',
      },
    },
    sign: (key, body) => ({ 'x-gitea-signature': hmac(key, body) }),
    tells: [{ kind: 'image', domain: 'git.example:3000', image: 'acme/shop/api' }],
  },
  {
    source: 'Distribution',
    headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
    payload: {
      events: [
        distributionEvent('push', 'acme/api', '1.2'),
        distributionEvent('push', 'acme/api', '1.3'),
        distributionEvent('pull', 'acme/old', '1'),
        distributionEvent('push', 'acme/web', ''),
      ],
    },
    sign: (key) => ({ authorization: `Bearer ${key}` }),
    tells: [
      { kind: 'image', domain: 'registry.example:5000', image: 'acme/api' },
      { kind: 'image', domain: 'registry.example:5000', image: 'acme/web' },
    ],
  },
  {
    source: 'Distribution',
    headers: { 'content-type': 'application/vnd.docker.distribution.events.v2+json; charset=utf-8' },
    registryHost: 'hub.example',
    payload: { events: [distributionEvent('push', 'acme/api', '1.2')] },
    sign: (key) => ({ authorization: key }),
    tells: [{ kind: 'image', domain: 'hub.example', image: 'acme/api' }],
  },
  {
    source: 'ACR',
    headers: {},
    payload: {
      id: 'cb8c3971-9adc-488b-bdd8-43cbb4974ff5',
      timestamp: '2026-11-17T16:52:01.343145347Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        size: 524,
        digest: `sha256:${'80'.repeat(32)}`,
        length: 524,
        repository: 'acme/api',
        tag: '1.2',
      },
      request: { id: '3cbb6949-7549-4fa1-86cd-a6d5451dffc7', host: 'acme.azurecr.io', method: 'PUT', useragent: 'docker' },
    },
    sign: (key) => ({ authorization: key }),
    tells: [{ kind: 'image', domain: 'acme.azurecr.io', image: 'acme/api' }],
  },
  {
    source: 'ECR',
    headers: {},
    payload: ecrEvent('eu-west-1'),
    sign: (key) => ({ authorization: key }),
    tells: [{ kind: 'image', domain: '123456789012.dkr.ecr.eu-west-1.amazonaws.com', image: 'acme/api' }],
  },
  {
    source: 'ECR',
    headers: {},
    payload: ecrEvent('cn-north-1'),
    sign: (key) => ({ authorization: `Bearer ${key}` }),
    tells: [{ kind: 'image', domain: '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn', image: 'acme/api' }],
  },
];

function distributionEvent(action: string, name: string, tag: string) {
  return {
    id: '320678d8-ca14-430f-8bb6-4ca139cd83f7',
    timestamp: '2026-11-17T16:52:01.343145347Z',
    action,
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${'80'.repeat(32)}`,
      repository: name,
      url: `http://registry.example:5000/v2/${name}/manifests/sha256:${'80'.repeat(32)}`,
      ...(tag === '' ? {} : { tag }),
    },
    request: { id: '6df24a34', addr: '192.168.64.11:42961', host: 'registry.example:5000', method: 'PUT', useragent: 'x' },
    actor: {},
    source: { addr: 'registry:5000', instanceID: 'a53db899' },
  };
}

export function ecrEvent(region: string, detail: Readonly<Record<string, string>> = {}) {
  return {
    version: '0',
    id: '13cde686-328b-6117-af20-0e5566167482',
    'detail-type': 'ECR Image Action',
    source: 'aws.ecr',
    account: '123456789012',
    time: '2026-11-16T01:54:34Z',
    region,
    resources: [],
    detail: {
      result: 'SUCCESS',
      'repository-name': 'acme/api',
      'image-digest': `sha256:${'7f'.repeat(32)}`,
      'action-type': 'PUSH',
      'image-tag': '1.2',
      ...detail,
    },
  };
}

/** Whose URL is all that there is to know. */
export const UNSIGNED = ['DockerHub', 'Quay'];
