import { configMap, yaml } from '../manifests.ts';
import { EACH_FAULT, losesNothing } from './life.ts';

losesNothing(
  'a poll',
  {
    isPolled: true,
    goesOn: true,
    async during({ remote, turn }) {
      remote.commit({ 'more.yaml': yaml(configMap(`more-${turn}`)) });
    },
    commits: () => [],
  },
  { faults: EACH_FAULT },
);
