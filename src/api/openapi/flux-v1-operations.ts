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

const namespace = { description: 'Only this namespace; all of them where nothing is said.', schema: z.string() };
const cause: Operation['query'] = {
  user: { description: 'Who asks for it.', schema: z.string() },
  message: { description: 'Message of the commit.', schema: z.string() },
};
const jobId = { status: 200, description: 'The id of the job.', schema: z.string() };

function listWorkloads(id: string): Operation {
  return {
    id,
    summary: 'Lists workloads, with images and policies.',
    query: { namespace, services: { description: 'Only these workloads, by id, separated by commas.', schema: z.string() } },
    answer: { status: 200, description: 'The workloads; null for none.', schema: workloadListSchema },
  };
}

function listImages(id: string): Operation {
  return {
    id,
    summary: 'Lists the images that are there for each container.',
    query: {
      namespace,
      service: { description: 'A workload by id, or `<all>`.', schema: z.string() },
      containerFields: {
        description: `What to say of each container, separated by commas: ${CONTAINER_FIELDS.join(', ')}.`,
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
    summary: 'Tells whether the daemon answers.',
    answer: { status: 204, description: 'It does.' },
  },
  'GET /api/flux/v11/version': {
    id: 'getVersion',
    summary: 'The version of the daemon.',
    answer: { status: 200, description: 'The version.', schema: z.string() },
  },
  'POST /api/flux/v11/notify': {
    id: 'notify',
    summary: 'Tells that a repository, or an image, may have changed.',
    body: { schema: notificationSchema, required: true },
    answer: { status: 202, description: 'It will be looked at.' },
  },
  'GET /api/flux/v6/services': listWorkloads('listServicesV6'),
  'GET /api/flux/v11/services': listWorkloads('listServices'),
  'GET /api/flux/v6/images': listImages('listImagesV6'),
  'GET /api/flux/v10/images': listImages('listImages'),
  'POST /api/flux/v9/update-manifests': {
    id: 'updateManifests',
    summary: 'Releases images, changes policies, or asks for a sync; a plan is only calculated.',
    body: { schema: updateRequestSchema, required: true },
    answer: jobId,
  },
  'GET /api/flux/v6/jobs': {
    id: 'getJob',
    summary: 'What became of a job.',
    query: { id: { description: 'The id of the job.', schema: z.string(), required: true } },
    answer: { status: 200, description: 'The state of the job.', schema: jobStatusSchema },
  },
  'GET /api/flux/v6/sync': {
    id: 'getSyncStatus',
    summary: 'Commits of a ref that are not applied yet, newest first.',
    query: { ref: { description: 'A branch or a commit.', schema: z.string(), required: true } },
    answer: { status: 200, description: 'The commits; none when all are applied.', schema: z.array(z.string()) },
  },
  'GET /api/flux/v6/export': {
    id: 'export',
    summary: 'The workloads of the cluster as manifests.',
    answer: { status: 200, description: 'YAML in base64.', schema: z.string() },
  },
  'POST /api/flux/v9/git-repo-config': {
    id: 'getGitRepoConfig',
    summary: 'The repository and the public deploy key; the body says whether to make a new key, which this version does not.',
    body: { schema: z.boolean(), required: true },
    answer: { status: 200, description: 'The repository.', schema: repositorySchema },
  },
  'POST /api/flux/v6/update-images': {
    id: 'updateImages',
    summary: 'Releases an image; the old form of updateManifests.',
    query: {
      service: { description: 'A workload by id, or `<all>`; may be given again.', schema: z.string(), required: true },
      image: { description: 'A reference, or `<all latest>`.', schema: z.string(), required: true },
      kind: { description: 'Only calculate, or do it.', schema: z.enum(['plan', 'execute']), required: true },
      exclude: { description: 'A workload to leave out; may be given again.', schema: z.string() },
      ...cause,
    },
    answer: jobId,
  },
  'PATCH /api/flux/v6/policies': {
    id: 'updatePolicies',
    summary: 'Changes policies; the old form of updateManifests.',
    query: cause,
    body: { schema: policySpecSchema, required: true },
    answer: jobId,
  },
  'GET /api/flux/v6/identity.pub': {
    id: 'getPublicKey',
    summary: 'The public deploy key; the probe of Flux v1.',
    answer: { status: 200, description: 'The key; empty when there is none.', schema: publicKeySchema },
  },
  'POST /api/flux/v6/identity.pub': {
    id: 'regeneratePublicKey',
    summary: 'Asks for a new deploy key, which this version does not make.',
    answer: { status: 204, description: 'A new key was made.' },
  },
};
