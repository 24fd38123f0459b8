import { EACH_FAULT, losesNothing, MINUTE } from './life.ts';

losesNothing(
  'recording the health of a workload',
  {
    async during({ remote, engine }) {
      const first = remote.git('rev-list', '--max-parents=0', 'main');
      const health = () => JSON.parse(remote.git('notes', '--ref=flux-sync', 'show', first)).health;
      await engine.time.until('it is recorded', () => health()?.['shop:deployment/web']?.state === 'healthy', MINUTE / 2);
    },
    processes: 2,
    // Otherwise health is recorded only after a minute.
    flags: ['--automation-revert-deadline=10s'],
    commits: () => [],
  },
  { faults: EACH_FAULT },
);
