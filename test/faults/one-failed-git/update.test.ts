import { losesNothing, MINUTE } from './life.ts';

losesNothing(
  'an automated update',
  {
    automated: true,
    async during({ registry, engine }) {
      registry.push('1.1.0', '2030-01-03T00:00:00Z');
      await engine.daemon.notify({ kind: 'image', domain: registry.host, image: 'team/web' });
      await engine.time.until('it is committed', () => engine.log.some(({ msg }) => msg === 'update pushed'), 7 * MINUTE);
    },
    commits: ({ image }) => [`Auto-release ${image('1.1.0')}`],
  },
  // It is committed as a release is: only where a second one would do harm it is seen on its own.
  { faults: ['loses its connection after all was done', 'comes right after somebody else’s push'] },
);
