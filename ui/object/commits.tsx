import type { ObjectCommitsWire } from '../../src/api/wire/index.ts';
import { useLive } from '../api/use-live.ts';
import { pathOf } from '../shell/route.ts';
import { useWebPages } from '../shell/use-web-pages.ts';
import { CommitLink, WebLink, type WebPages } from '../shell/web-link.tsx';
import { webUrl } from '../shell/web-url.ts';
import { Time } from '../text/time.tsx';

interface Props {
  readonly id: string;
  /** The name of its source, if there are several. */
  readonly source: string | undefined;
}

/** The last commits of the file that an object is written in; nothing for one that is in no file. */
export function Commits({ id, source }: Props) {
  const live = useLive<ObjectCommitsWire>(pathOf('/objects/commits', { id, source }));
  const webPages = useWebPages(source);
  if (!('value' in live) || !live.value.place) return null;
  return <History {...live.value} place={live.value.place} webPages={webPages} />;
}

interface HistoryProps extends ObjectCommitsWire {
  readonly place: NonNullable<ObjectCommitsWire['place']>;
  readonly webPages: WebPages | undefined;
}

function History({ place: { revision, file, line }, commits, isCut, webPages }: HistoryProps) {
  return (
    <section class="history" aria-labelledby="history-title">
      <h2 id="history-title">
        Commits of{' '}
        <WebLink href={webPages && webUrl(webPages.line, { revision, path: file, line })}>
          <code>
            {file}:{line}
          </code>
        </WebLink>
      </h2>
      <ol>
        {commits.map(({ revision, subject, author, at }) => (
          <li key={revision}>
            <CommitLink revision={revision} webPages={webPages} />
            <span>{subject}</span>
            <span class="hint">
              {author}, <Time at={at} />
            </span>
          </li>
        ))}
      </ol>
      {isCut && <p class="hint">Earlier ones are in Git.</p>}
    </section>
  );
}
