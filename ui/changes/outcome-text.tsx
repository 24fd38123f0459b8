import { StateMark } from '../shell/state-mark.tsx';
import { useWebPages } from '../shell/use-web-pages.ts';
import { CommitLink, WebLink } from '../shell/web-link.tsx';
import { asWebUrl } from '../shell/web-url.ts';
import { sentence } from '../text/sentence.ts';
import type { Outcome } from './outcome.ts';

interface Props {
  readonly outcome: Outcome;
  /** The name of the source, if there are several. */
  readonly source: string | undefined;
}

/** What came of a change. */
export function OutcomeText({ outcome, source }: Props) {
  switch (outcome.kind) {
    case 'done':
      return (
        <p class="outcome-text">
          <StateMark state="ok" name="Done" />
          <span>
            {sentence(outcome.text)} {outcome.revision !== undefined && <Commit revision={outcome.revision} source={source} />}
            {outcome.pullRequests?.map(({ name, url }) => (
              <WebLink key={name} href={asWebUrl(url)}>
                {name}
              </WebLink>
            ))}
          </span>
        </p>
      );
    case 'failed':
      return (
        <p class="outcome-text">
          <StateMark state="failed" />
          <span>
            {sentence(outcome.text)} {outcome.help}
          </span>
        </p>
      );
    case 'unknown':
      return (
        <p class="outcome-text">
          <StateMark state="unknown" />
          <span>The answer of fluxd was lost, so it may have been done. See what the page shows before you try again.</span>
        </p>
      );
  }
}

function Commit({ revision, source }: { readonly revision: string; readonly source: string | undefined }) {
  return <CommitLink revision={revision} webPages={useWebPages(source)} />;
}
