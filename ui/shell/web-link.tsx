import type { ComponentChildren } from 'preact';
import type { SourceWire } from '../../src/api/wire/index.ts';
import { webUrl } from './web-url.ts';

/** Where a Git host shows commits and files to people. */
export type WebPages = NonNullable<SourceWire['webPages']>;

interface LinkProps {
  readonly href: string | undefined;
  readonly children: ComponentChildren;
}

/** Leads to a Git host, in a tab of its own; the text alone where the host is not known. */
export function WebLink({ href, children }: LinkProps) {
  if (href === undefined) return <>{children}</>;
  return (
    <a class="web-link" href={href} target="_blank" rel="noreferrer">
      {children}
      <span class="unseen"> at the Git host</span>
    </a>
  );
}

interface CommitProps {
  readonly revision: string;
  readonly webPages: WebPages | undefined;
}

export function CommitLink({ revision, webPages }: CommitProps) {
  return (
    <WebLink href={webPages && webUrl(webPages.commit, { revision })}>
      <code>{revision.slice(0, 7)}</code>
    </WebLink>
  );
}
