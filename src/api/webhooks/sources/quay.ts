import * as z from 'zod';
import { imageOf, parsePayload, type WebhookSource } from '../source.ts';

const push = z.object({ docker_url: z.string() });

/** Quay, which does not sign: as for Docker Hub, the URL is the secret. https://docs.projectquay.io/use_quay.html#repository-notifications */
export const quay: WebhookSource = {
  verify: () => true,
  read: ({ payload }) => [imageOf(parsePayload(push, payload).docker_url)],
};
