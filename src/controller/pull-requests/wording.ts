import { createChangedOnly, type Logger, messageOf } from '../../base/index.ts';
import type { GitHost } from '../../git-host/index.ts';
import type { Revision } from '../../repository/index.ts';
import { containersOf } from '../../resource/index.ts';
import { originOf, type ProposedImage } from '../../update/index.ts';
import type { ImageWatch } from '../ports/image-watch.ts';
import type { RepositoryView } from '../repository/view.ts';
import { MAX_ROWS, requestText, type WantedText } from './request-text.ts';

export interface WordingOptions {
  /** The branch that requests are merged into. */
  readonly base: string;
  readonly host: GitHost | undefined;
  /** The text of the template; the default one without it. */
  readonly template: () => Promise<string | undefined>;
  readonly images: ImageWatch;
  readonly log: Logger;
}

/** What the request of a branch says. */
export interface Subject {
  readonly branch: string;
  readonly view: Pick<RepositoryView, 'manifests'>;
  readonly images: readonly ProposedImage[];
  /** Where the branch is. */
  readonly tip: Revision | undefined;
}

/** Words the requests of a source, by its template, or by default where that cannot be used. */
export function createWording({ base, host, template, images, log }: WordingOptions): (subject: Subject) => Promise<WantedText> {
  const reports = createChangedOnly();
  const limits = host?.limits ?? { title: 200, body: 4_000 };
  return async ({ branch, view, images: all, tip }) => {
    const rows = all.slice(0, MAX_ROWS).map((image) => ({
      ...image,
      current: currentOf(view, image),
      origin: originOf(image.target, { images }),
    }));
    // A host that merges by itself has to be asked again after each push.
    const about = { images: all, rows, branch, base, limits, ...(host?.mergeLater && tip !== undefined ? { tip } : {}) };
    try {
      const text = requestText({ ...about, template: await template() });
      reports.recovered('template');
      return text;
    } catch (error) {
      if (reports.hasChanged('template', messageOf(error)))
        log.warn({ err: error }, 'the default text is used for pull requests');
      return requestText(about);
    }
  };
}

function currentOf({ manifests }: Pick<RepositoryView, 'manifests'>, { workload, container }: ProposedImage): string {
  const object = manifests.get(workload)?.object;
  return object ? (containersOf(object).find(({ name }) => name === container)?.image ?? '') : '';
}
