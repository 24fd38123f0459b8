import { createHash } from 'node:crypto';
import type { ProposedImage } from '../../update/index.ts';

/**
 * What a request says of itself in a line of its body that no host shows, a link definition of Markdown: which text fluxd wrote, so that it
 * edits the text when that changes and not when a person has, and which images it proposes, so that a closed request is remembered for
 * as long as the host keeps it.
 */
export interface Fingerprint {
  readonly text: string;
  readonly images: readonly string[];
}

/** More images have a common hash. That many fit into 4000 characters with the rest. */
const MAX_IMAGES = 100;
const LINE = /^\[\/\/\]: # \(flux: text=([0-9a-z]{1,16}) images=([0-9a-f,]{0,2000})\)$/m;

/** The text of a request that has not got its labels and reviewers yet. */
export const UNFINISHED = 'unfinished';

/** Whether a request has its labels and reviewers. People may have made it in our place. */
export function isFinished(body: string): boolean {
  const text = parseFingerprint(body)?.text;
  return text !== undefined && text !== UNFINISHED;
}

export function formatFingerprint({ text, images }: Fingerprint): string {
  return `[//]: # (flux: text=${text} images=${images.join(',')})`;
}

/** The last such line, since what is above it may quote another one. */
export function parseFingerprint(body: string): Fingerprint | undefined {
  const last = body
    .replaceAll('\r\n', '\n')
    .split('\n')
    .findLast((line) => LINE.test(line));
  const [, text, images] = (last && LINE.exec(last)) || [];
  return text === undefined || images === undefined
    ? undefined
    : { text, images: images.split(',').filter((each) => each !== '') };
}

/** @param images In a fixed order */
export function fingerprintOf(images: readonly ProposedImage[]): readonly string[] {
  const all = images.map(({ workload, container, target }) => `${workload}\n${container}\n${target}`);
  return all.length <= MAX_IMAGES ? all.map(shortHash).sort() : [shortHash(all.join('\n\n'))];
}

export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
