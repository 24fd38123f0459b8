import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { Notice } from './notice.tsx';

/** A view that cannot be drawn, because of a mistake of ours, leaves the others alone. */
export function Boundary({ children }: { readonly children: ComponentChildren }) {
  const [error] = useErrorBoundary((error) => console.error(error));
  if (!error) return <>{children}</>;
  return (
    <Notice title="This view cannot be drawn" isUrgent>
      <p>This is a mistake in the page; please report it with what the console of the browser says. Other views still work.</p>
    </Notice>
  );
}
