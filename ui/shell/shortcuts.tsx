import { useEffect, useRef } from 'preact/hooks';
import { go, NO_FILTER } from './route.ts';
import { VIEWS } from './views.ts';

/** Time for the second key after `g`. */
const PAUSE_MS = 1_500;

/** The keys of the whole page, and the dialog that lists them. */
export function Shortcuts() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let goUntil = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
      const view = event.timeStamp < goUntil ? VIEWS.find(({ key }) => key === event.key) : undefined;
      goUntil = event.key === 'g' ? event.timeStamp + PAUSE_MS : 0;
      if (view) go(view.route);
      else if (event.key === '/') search();
      else if (event.key === '?') dialog.current?.showModal();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <dialog class="shortcuts" ref={dialog} aria-labelledby="shortcuts-title">
      <h2 id="shortcuts-title">Keys</h2>
      <dl>
        <Keys keys={['/']} does="Search" />
        {VIEWS.map(({ key, name }) => (
          <Keys key={key} keys={['g', key]} does={name} />
        ))}
        <Keys keys={['?']} does="This list" />
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

function Keys({ keys, does }: { readonly keys: readonly string[]; readonly does: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  );
}

/** In the view that is shown, or else in all objects. */
function search(): void {
  if (focusSearch()) return;
  go({ view: 'objects', filter: NO_FILTER });
  // The field is there once the view is.
  const stop = new MutationObserver(() => focusSearch() && stop.disconnect());
  stop.observe(document.body, { childList: true, subtree: true });
}

function focusSearch(): boolean {
  const field = document.querySelector<HTMLInputElement>('input[type=search]');
  field?.focus();
  return field !== null;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('input, select, textarea, dialog') !== null;
}
