import type { WhyWire } from '../../src/api/wire/index.ts';
import type { PolicyChange } from './act.ts';
import { ChangeButton } from './change-button.tsx';

interface Props {
  readonly id: string;
  readonly source: string | undefined;
  readonly links: WhyWire['links'];
}

/** What may be done with the images of a workload in Git; nothing for other objects, which have no policies. */
export function PolicyButtons({ id, source, links }: Props) {
  const policies = links.find(({ kind }) => kind === 'policies');
  if (!policies) return null;
  const has = (name: string) => policies.facts.some((fact) => fact.name === name && fact.value === 'true');
  const changes: readonly PolicyChange[] = [has('automated') ? 'deautomate' : 'automate', has('locked') ? 'unlock' : 'lock'];
  return (
    <div class="change-bar">
      {changes.map((change) => (
        <ChangeButton key={change} act={{ type: 'policy', id, change }} on={id} source={source} />
      ))}
    </div>
  );
}
