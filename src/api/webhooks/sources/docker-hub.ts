import * as z from 'zod';
import { imageOf, parsePayload, type WebhookSource } from '../source.ts';

const push = z.object({ repository: z.object({ repo_name: z.string() }) });

/**
 * Docker Hub, which does not sign: anyone who knows the URL may call it, so the URL is the secret. All it can trigger is a scan, twice a
 * second, of an image that is in use. https://docs.docker.com/docker-hub/repos/manage/webhooks/
 */
export const dockerHub: WebhookSource = {
  verify: () => true,
  read: ({ payload }) => [imageOf(parsePayload(push, payload).repository.repo_name)],
};
