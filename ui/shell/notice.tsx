import type { ComponentChildren } from 'preact';

interface Props {
  readonly title: string;
  /** Announced by screen readers as soon as it appears. */
  readonly isUrgent?: boolean;
  readonly children?: ComponentChildren;
}

/** What stands in place of content that is not there, or above content that is old. */
export function Notice({ title, isUrgent = false, children }: Props) {
  return (
    <section class={isUrgent ? 'notice notice-urgent' : 'notice'} role={isUrgent ? 'alert' : 'status'}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
