import { generateKeyPairSync, sign } from 'node:crypto';
import { parseSignaturePolicy, type SignaturePolicy, type SignatureQuestion } from '../../../src/policy/index.ts';
import { parsePublicKey } from '../../../src/registry-watch/signatures/public-key.ts';
import type { TrustedSigners } from '../../../src/registry-watch/signatures/verifier.ts';
import { FakeRegistry, OCI_IMAGE } from '../fake-registry.ts';
import { SIMPLE_LAYER, simplePayload } from './sigstore.ts';

export const POLICY = 'cosign:acme';
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });

/** A registry whose images are signed by the key of `POLICY`, if at all. */
export class SignedRegistry extends FakeRegistry {
  readonly #digests = new Map<string, string>();

  override push(tag: string, created = '2024-01-01T00:00:00Z'): string {
    const digest = super.push(tag, created);
    this.#digests.set(tag, digest);
    return digest;
  }

  digestOf(tag: string): string {
    return this.#digests.get(tag) ?? '';
  }

  /** As `cosign sign` does. */
  sign(tag: string): void {
    const digest = this.digestOf(tag);
    const payload = simplePayload(digest);
    const annotations = {
      'dev.cosignproject.cosign/signature': sign('sha256', Buffer.from(payload), privateKey).toString('base64'),
    };
    const layer = { mediaType: SIMPLE_LAYER, digest: this.store(payload), size: payload.length, annotations };
    const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: this.store({}) };
    this.tag(`${digest.replace(':', '-')}.sig`, this.store({ mediaType: OCI_IMAGE, config, layers: [layer] }, OCI_IMAGE));
  }

  /** The tags whose signatures were looked for, in order. */
  get looked(): readonly string[] {
    const tags = new Map([...this.#digests].map(([tag, digest]) => [digest, tag]));
    return this.requests.flatMap((request) => tags.get(/referrers\/(sha256:[0-9a-f]+)/.exec(request)?.[1] ?? '') ?? []);
  }
}

/** `basis` stands for the key and the version of fluxd. */
export async function signers(basis = 'the key'): Promise<TrustedSigners> {
  const key = await parsePublicKey(publicKey.export({ format: 'pem', type: 'spki' }).toString());
  if ('problem' in key) throw new Error(key.problem);
  return { keys: new Map([['acme', key]]), basisOf: () => basis };
}

export function policyOf(text = POLICY): SignaturePolicy {
  const policy = parseSignaturePolicy(text);
  if ('problem' in policy) throw new Error(policy.problem);
  return policy;
}

/** Asks for the first of some images that is signed. */
export function questionOf(image: string, candidates: SignatureQuestion['candidates']): SignatureQuestion {
  return { image, candidates, policies: [policyOf()] };
}
