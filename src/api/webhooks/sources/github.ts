import * as z from 'zod';
import { isSigned } from '../signature.ts';
import { imageOf, type News, parsePayload, pushOf, type WebhookSource } from '../source.ts';

const push = z.object({
  ref: z.string(),
  repository: z.object({ ssh_url: z.string().optional(), clone_url: z.string().optional(), html_url: z.string().optional() }),
});
const version = z.object({ package_url: z.string() });
const registryPackage = z.object({ package_type: z.string(), package_version: z.unknown() });
const packageEvent = z.object({ registry_package: registryPackage.optional(), package: registryPackage.optional() });

/**
 * GitHub. All supported versions send the SHA-256; `X-Hub-Signature` with SHA-1, which Flux v1's receiver accepted, is not enough.
 * https://docs.github.com/en/webhooks
 */
export const gitHub: WebhookSource = {
  verify: (delivery, { key }) => isSigned(delivery, key, 'x-hub-signature-256', { prefix: 'sha256=' }),
  sendsForms: true,
  read({ headers, payload }) {
    switch (headers['x-github-event']) {
      case 'ping':
        return 'ping';
      case 'push': {
        const { ref, repository } = parsePayload(push, payload);
        return pushOf(ref, [repository.ssh_url, repository.clone_url, repository.html_url]);
      }
      case 'package':
      case 'registry_package':
        return readPackage(payload);
      default:
        return 'other';
    }
  },
};

function readPackage(payload: unknown): News {
  const event = parsePayload(packageEvent, payload);
  const published = event.registry_package ?? event.package;
  if (!published || !/^(container|docker)$/i.test(published.package_type)) return 'other';
  // An image without a tag ends with the colon.
  return [imageOf(parsePayload(version, published.package_version).package_url.replace(/:$/, ''))];
}
