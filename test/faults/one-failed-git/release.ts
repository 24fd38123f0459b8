import { expect } from 'vitest';
import type { UpdateSpec } from '../../../src/update/index.ts';
import { MINUTE, type Scenario } from './life.ts';

const WEB = 'shop:deployment/web';

/** A person releases an image, and waits for the job. */
export const RELEASE: Scenario = {
  goesOn: true,
  async during({ engine, remote, image, turn }) {
    const spec: UpdateSpec = {
      type: 'image',
      cause: { Message: 'Release it', User: 'Ann' },
      spec: { ServiceSpecs: [WEB], ImageSpec: image(`1.${turn}.0`), Kind: 'execute', Excludes: [], Force: false },
    };
    const id = await engine.daemon.update(spec);
    let job = await engine.daemon.job(id);
    const look = async () => {
      job = await engine.daemon.job(id);
    };
    await engine.time.until(
      'the job is done',
      () => {
        void look();
        return job.state === 'succeeded' || job.state === 'failed';
      },
      MINUTE,
    );
    expect(job).toMatchObject({ state: 'succeeded', error: '', result: { [WEB]: { Status: 'success' } } });
    expect(remote.git('log', '--format=%H', 'main').split('\n')).toContain(job.revision);
  },
  commits: () => ['Release it'],
};
