import { backoffMs, type Clock, type Logger, messageOf } from '../base/index.ts';
import type { OwnRegion } from './ecr-scope.ts';

export interface OwnRegionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Asks for the region of AWS that fluxd runs in, undefined for none; absent where no cloud is asked. */
  readonly askRegion?: (() => Promise<string | undefined>) | undefined;
  /** Source of jitter in [0, 1). */
  readonly random?: () => number;
}

export interface OwnRegionFinder {
  readonly region: OwnRegion;
  /** Begins to ask, if nothing has yet. Resolves when the first question is over, known or not. */
  find(): Promise<void>;
}

/** Waits before the region is asked for again. */
const AGAIN = { initialMs: 10_000, maxMs: 600_000 };

/** Asks for the own region until it is known, with growing waits, or until the signal aborts; then calls `onKnown`. */
export function createOwnRegion(
  { clock, log, askRegion, random }: OwnRegionOptions,
  onKnown: () => void,
  signal: AbortSignal,
): OwnRegionFinder {
  let region: OwnRegion = askRegion === undefined ? { known: undefined } : 'not known yet';
  let asked: Promise<void> | undefined;

  const ask = async (): Promise<void> => {
    const known = await askRegion?.();
    region = { known };
    if (known === undefined) log.info('no own AWS region; images of all ECR regions are scanned');
    else log.info({ region: known }, 'only images of this ECR region are scanned; --registry-ecr-region changes that');
    onKnown();
  };

  const askAgain = async (): Promise<void> => {
    for (let attempt = 0; !signal.aborted && region === 'not known yet'; attempt += 1) {
      try {
        await clock.sleep(backoffMs(attempt, { ...AGAIN, ...(random ? { random } : {}) }), { signal });
        await ask();
      } catch (error) {
        log.debug({ err: messageOf(error) }, 'own AWS region not known yet');
      }
    }
  };

  const askFirst = async (): Promise<void> => {
    try {
      await ask();
    } catch (error) {
      log.warn(
        {
          err: messageOf(error),
          help: 'Let the pod reach the metadata service, set AWS_REGION, or name the regions by --registry-ecr-region. Outside AWS, set AWS_EC2_METADATA_DISABLED=true: images of every region are scanned then.',
        },
        'own AWS region not known yet; images of ECR are not scanned until it is',
      );
      void askAgain();
    }
  };

  return {
    get region() {
      return region;
    },
    find() {
      asked ??= askFirst();
      return asked;
    },
  };
}
