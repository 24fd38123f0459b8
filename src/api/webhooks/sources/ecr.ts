import * as z from 'zod';
import { bearsKey } from '../signature.ts';
import { imageAt, parsePayload, type WebhookSource } from '../source.ts';

const event = z.object({ source: z.string(), 'detail-type': z.string() });
const action = z.object({
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z0-9-]{1,40}$/),
  detail: z.object({ 'action-type': z.string(), result: z.string(), 'repository-name': z.string() }),
});

/**
 * Elastic Container Registry by an API destination of EventBridge, whose connection has the key as the value of its API key.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
export const ecr: WebhookSource = {
  verify: (delivery, { key }) => bearsKey(delivery, key, 'authorization'),
  read({ payload }) {
    const { source, 'detail-type': type } = parsePayload(event, payload);
    if (source !== 'aws.ecr' || type !== 'ECR Image Action') return 'other';
    const { account, region, detail } = parsePayload(action, payload);
    if (detail['action-type'] !== 'PUSH' || detail.result !== 'SUCCESS') return 'other';
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return [imageAt(`${account}.dkr.ecr.${region}.${domain}`, detail['repository-name'])];
  },
};
