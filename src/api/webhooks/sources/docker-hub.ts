import * as z from 'zod';
import { imageOf, parsePayload, type WebhookSource } from '../source.ts';

const push = z.object({ repository: z.object({ repo_name: z.string() }) });

/**
 * Docker Hub, which signs nothing: whoever knows the URL may tell us, so the URL is the secret. It can be used for no more than a
 * scan, twice a second, of an image that is in use. https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export const dockerHub: WebhookSource = {
  verify: () => true,
  read: ({ payload }) => [imageOf(parsePayload(push, payload).repository.repo_name)],
};
