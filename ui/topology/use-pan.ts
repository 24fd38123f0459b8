import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

/** Moves what a frame shows when its ground is dragged by a mouse; fingers and keys scroll by themselves. */
export function usePan(frame: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const stop = new AbortController();
    element.addEventListener(
      'pointerdown',
      (event) => {
        const isOnCard = event.target instanceof Element && event.target.closest('a') !== null;
        if (event.pointerType === 'mouse' && event.button === 0 && !isOnCard) element.setPointerCapture(event.pointerId);
      },
      stop,
    );
    element.addEventListener(
      'pointermove',
      ({ pointerId, movementX, movementY }) => {
        if (element.hasPointerCapture(pointerId)) element.scrollBy(-movementX, -movementY);
      },
      stop,
    );
    return () => stop.abort();
  }, []);
}
