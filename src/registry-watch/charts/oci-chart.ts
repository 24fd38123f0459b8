import { z } from 'zod';
import { FluxError } from '../../base/index.ts';
import { isExactVersion, newestVersion, parseVersionRange } from '../../policy/index.ts';
import type { OciChart } from '../../resource/index.ts';
import { jsonOf } from '../answer.ts';
import type { Connection, Question } from '../connection.ts';
import { subjectOf } from '../exchange.ts';
import { UNKNOWN_COST } from '../list-cost.ts';
import { parseRepositoryName, type RepositoryName } from '../repository-name.ts';
import { listTags } from '../tag-list.ts';
import { Digest, verifiedDigest } from '../verified-digest.ts';
import { requireVersion } from './chosen-version.ts';

/** The layer with the archive, by Helm's own specification (HIP 6). */
const CHART_LAYER = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip';
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const MAX_MANIFEST_BYTES = 1 << 20;
const DOCKER_HUB = ['docker.io', 'registry-1.docker.io'];

const Manifest = z.object({ layers: z.array(z.object({ mediaType: z.string(), digest: Digest, size: z.number() })).max(100) });

/** The repository that has a chart. @throws FluxError `registry/bad-name` */
export function repositoryOf({ url }: OciChart): RepositoryName {
  const name = url.replace(/^oci:\/\//, '');
  const host = name.slice(0, name.indexOf('/'));
  return parseRepositoryName(DOCKER_HUB.includes(host) ? `index.docker.io${name.slice(host.length)}` : name);
}

/** A blob, as the registry sends it. */
export async function readBlob(
  connection: Connection,
  question: Question,
  { digest, maxBytes }: { readonly digest: string; readonly maxBytes: number },
): Promise<{ readonly body: Buffer; readonly subject: string }> {
  const { body, url } = await connection.send(question, { kind: 'blob', target: `blobs/${digest}`, maxBytes });
  return { body, subject: subjectOf('GET', url) };
}

/**
 * The newest version that is allowed, and the digest of its archive.
 * @throws FluxError `helm/no-version`, `registry/bad-manifest`, and those of a registry that fails
 */
export async function resolveOci(
  connection: Connection,
  question: Question,
  { url, version: wanted }: OciChart & { readonly version: string },
  maxBytes: number,
): Promise<{ readonly version: string; readonly digest: string }> {
  const version = isExactVersion(wanted) ? wanted : await newestTag(connection, question, url, wanted);
  // A tag has no `+`; Helm writes `_` in its place.
  const target = `manifests/${version.replaceAll('+', '_')}`;
  const answer = await connection.send(question, { kind: 'manifest', target, accept: MANIFEST, maxBytes: MAX_MANIFEST_BYTES });
  const subject = subjectOf('GET', answer.url);
  verifiedDigest(answer, undefined, subject);
  const parsed = Manifest.safeParse(jsonOf(answer.body, subject));
  const layer = parsed.data?.layers.find(({ mediaType }) => mediaType === CHART_LAYER);
  if (!layer) throw new FluxError(`${subject} is not a Helm chart`, { code: 'registry/bad-manifest', fault: 'user' });
  if (layer.size > maxBytes)
    throw new FluxError(`${subject}: the chart has more than ${maxBytes >> 20} MiB`, { code: 'http/too-large' });
  return { version, digest: layer.digest };
}

async function newestTag(connection: Connection, question: Question, url: string, wanted: string): Promise<string> {
  const { tags } = await listTags(connection, question, { cost: UNKNOWN_COST, onCost: () => undefined });
  const versions = tags.map((tag) => tag.replaceAll('_', '+'));
  const allows = parseVersionRange(wanted);
  return requireVersion(newestVersion(versions.filter((version) => allows?.(version))), { chart: url, wanted, versions });
}
