import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { imageOf, parsePayload, type WebhookSource } from '../source.ts';

const news = z.strictObject({ url: z.string().optional(), branch: z.string().optional(), image: z.string().optional() });

/** Any sender that can compute an HMAC-SHA256: a pipeline, a script. Omitted fields default to our repository and branch; `{}` requests a fetch. */
export const generic: WebhookSource = {
  verify: (delivery, { key }) => isSigned(delivery, key, 'x-signature', { prefix: 'sha256=' }),
  read({ payload }) {
    const { url, branch, image } = parsePayload(news, payload);
    if (image !== undefined) return [imageOf(image)];
    return [{ kind: 'push', ...(url === undefined ? {} : { urls: [url] }), ...(branch === undefined ? {} : { branch }) }];
  },
};
