import * as z from 'zod';
import {
  CONTAINER_FIELDS,
  imageListSchema,
  jobStatusSchema,
  notificationSchema,
  policySpecSchema,
  publicKeySchema,
  repositorySchema,
  updateRequestSchema,
  workloadListSchema,
} from '../wire/index.ts';
import type { Operation, Operations } from './operation.ts';

const namespace = { description: 'Only this namespace; all namespaces by default.', schema: z.string() };
const cause: Operation['query'] = {
  user: { description: 'User who requests the change.', schema: z.string() },
  message: { description: 'Commit message.', schema: z.string() },
};
const jobId = { status: 200, description: 'The id of the job.', schema: z.string() };

function listWorkloads(id: string): Operation {
  return {
    id,
    summary: 'Lists workloads, with images and policies.',
    query: { namespace, services: { description: 'Only these workloads: comma-separated ids.', schema: z.string() } },
    answer: { status: 200, description: 'The workloads; null for none.', schema: workloadListSchema },
  };
}

function listImages(id: string): Operation {
  return {
    id,
    summary: 'Lists the available images of each container.',
    query: {
      namespace,
      service: { description: 'A workload id, or `<all>`.', schema: z.string() },
      containerFields: {
        description: `Fields to return for each container, comma-separated: ${CONTAINER_FIELDS.join(', ')}.`,
        schema: z.string(),
      },
    },
    answer: { status: 200, description: 'The workloads; null for none.', schema: imageListSchema },
  };
}

/** The operations of Flux v1's API, `/api/flux`. */
export const FLUX_V1_OPERATIONS: Operations = {
  'GET /api/flux/v11/ping': {
    id: 'ping',
    summary: 'Checks that the daemon answers.',
    answer: { status: 204, description: 'It answers.' },
  },
  'GET /api/flux/v11/version': {
    id: 'getVersion',
    summary: 'The version of the daemon.',
    answer: { status: 200, description: 'The version.', schema: z.string() },
  },
  'POST /api/flux/v11/notify': {
    id: 'notify',
    summary: 'Notifies the daemon of a change of a repository or an image.',
    body: { schema: notificationSchema, required: true },
    answer: { status: 202, description: 'The daemon will check for the change.' },
  },
  'GET /api/flux/v6/services': listWorkloads('listServicesV6'),
  'GET /api/flux/v11/services': listWorkloads('listServices'),
  'GET /api/flux/v6/images': listImages('listImagesV6'),
  'GET /api/flux/v10/images': listImages('listImages'),
  'POST /api/flux/v9/update-manifests': {
    id: 'updateManifests',
    summary: 'Releases images, changes policies, or requests a sync; a plan changes nothing.',
    body: { schema: updateRequestSchema, required: true },
    answer: jobId,
  },
  'GET /api/flux/v6/jobs': {
    id: 'getJob',
    summary: 'Returns the state of a job.',
    query: { id: { description: 'The id of the job.', schema: z.string(), required: true } },
    answer: { status: 200, description: 'The state of the job.', schema: jobStatusSchema },
  },
  'GET /api/flux/v6/sync': {
    id: 'getSyncStatus',
    summary: 'Lists the commits of a ref that are not applied yet, newest first.',
    query: { ref: { description: 'A branch or a commit.', schema: z.string(), required: true } },
    answer: { status: 200, description: 'The commits; empty if all are applied.', schema: z.array(z.string()) },
  },
  'GET /api/flux/v6/export': {
    id: 'export',
    summary: 'Exports the workloads of the cluster as manifests.',
    answer: { status: 200, description: 'YAML in base64.', schema: z.string() },
  },
  'POST /api/flux/v9/git-repo-config': {
    id: 'getGitRepoConfig',
    summary:
      'Returns the repository and the public deploy key. With the body `true` it makes a new key first, which also needs the right to `POST /api/v1/identity/regenerate`.',
    body: { schema: z.boolean(), required: true },
    answer: { status: 200, description: 'The repository.', schema: repositorySchema },
  },
  'POST /api/flux/v6/update-images': {
    id: 'updateImages',
    summary: 'Releases an image; the older form of updateManifests.',
    query: {
      service: { description: 'A workload id, or `<all>`; may be repeated.', schema: z.string(), required: true },
      image: { description: 'An image reference, or `<all latest>`.', schema: z.string(), required: true },
      kind: {
        description: 'Whether to only plan the release, or to execute it.',
        schema: z.enum(['plan', 'execute']),
        required: true,
      },
      exclude: { description: 'A workload to exclude; may be repeated.', schema: z.string() },
      ...cause,
    },
    answer: jobId,
  },
  'PATCH /api/flux/v6/policies': {
    id: 'updatePolicies',
    summary: 'Changes policies; the older form of updateManifests.',
    query: cause,
    body: { schema: policySpecSchema, required: true },
    answer: jobId,
  },
  'GET /api/flux/v6/identity.pub': {
    id: 'getPublicKey',
    summary: "Returns the public deploy key; Flux v1's manifests probe it.",
    answer: { status: 200, description: 'The key; empty if there is none.', schema: publicKeySchema },
  },
  'POST /api/flux/v6/identity.pub': {
    id: 'regeneratePublicKey',
    summary: 'Makes a new deploy key; also needs the right to `POST /api/v1/identity/regenerate`.',
    answer: { status: 204, description: 'The new key is stored.' },
  },
};
