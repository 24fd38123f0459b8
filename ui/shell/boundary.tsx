import type { ComponentChildren } from 'preact';
import { useErrorBoundary } from 'preact/hooks';
import { Notice } from './notice.tsx';

/** What cannot be drawn leaves the rest alone. */
export function Boundary({ children }: { readonly children: ComponentChildren }) {
  const [error] = useErrorBoundary((error) => console.error(error));
  if (!error) return <>{children}</>;
  return (
    <Notice title="This view cannot be read" isUrgent>
      <p>
        The page and what answers it are of different versions, or it is a mistake in the page: then please report it with what
        the console of the browser says.
      </p>
      <button type="button" onClick={() => location.reload()}>
        Reload the page
      </button>
    </Notice>
  );
}
