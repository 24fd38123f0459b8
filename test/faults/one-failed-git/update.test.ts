import { losesNothing, MINUTE } from './life.ts';

losesNothing(
  'an automated update',
  {
    automated: true,
    goesOn: true,
    async during({ registry, engine, turn }) {
      const committed = () => engine.log.filter(({ msg }) => msg === 'update pushed').length;
      const before = committed();
      registry.push(`1.${turn}.0`, `2030-01-0${turn + 2}T00:00:00Z`);
      await engine.daemon.notify({ kind: 'image', domain: registry.host, image: 'team/web' });
      await engine.time.until('it is committed', () => committed() > before, 7 * MINUTE);
    },
    commits: ({ image, turn }) => [`Auto-release ${image(`1.${turn}.0`)}`],
  },
  // It is committed as a release is: only where a second one would do harm it is seen on its own.
  { faults: ['loses its connection after all was done', 'comes right after somebody else’s push'] },
);
