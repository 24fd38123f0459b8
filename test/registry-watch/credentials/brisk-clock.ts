import { FakeClock } from '../fake-clock.ts';

/** Time that passes at once when there is a wait. */
export class BriskClock extends FakeClock {
  override sleep(ms: number): Promise<void> {
    this.advance(ms);
    return Promise.resolve();
  }
}
