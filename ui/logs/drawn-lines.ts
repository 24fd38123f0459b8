import { MAX_DRAWN } from './log-buffer.ts';

/** Lines that are drawn in one frame, so that the page answers a person meanwhile. */
const PER_FRAME = 100;
/** More lines than that in this time are more than a person reads. */
const WINDOW_MS = 200;
/** Between two drawings while that is so. */
const DRAW_MS = 100;

/** How many of the last lines are drawn: few while they come faster than a person reads, and more from frame to frame once they do not. */
export class DrawnLines {
  #count = MAX_DRAWN;
  #windowAt = Number.NEGATIVE_INFINITY;
  #inWindow = 0;
  #fastAt = Number.NEGATIVE_INFINITY;
  #drawnAt = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  get isWhole(): boolean {
    return this.#count === MAX_DRAWN;
  }

  /** So many lines came, at a time in milliseconds. Returns whether to draw them now; if not, `grow` says so later. */
  came(lines: number, at: number): boolean {
    if (at - this.#windowAt >= WINDOW_MS) {
      this.#windowAt = at;
      this.#inWindow = 0;
    }
    this.#inWindow += lines;
    if (this.#inWindow > PER_FRAME) {
      this.#fastAt = at;
      this.#count = PER_FRAME;
    }
    if (this.#isFast(at) && at - this.#drawnAt < DRAW_MS) return false;
    this.#drawnAt = at;
    return true;
  }

  /** In each frame: draws more if few lines come. Returns whether it does. */
  grow(at: number): boolean {
    if (this.isWhole || this.#isFast(at)) return false;
    this.#count = Math.min(MAX_DRAWN, this.#count + PER_FRAME);
    return true;
  }

  #isFast(at: number): boolean {
    return at - this.#fastAt < WINDOW_MS;
  }
}
