import { configMap, yaml } from '../manifests.ts';
import { EACH_FAULT, losesNothing } from './life.ts';

losesNothing(
  'a poll',
  {
    isPolled: true,
    async during({ remote }) {
      remote.commit({ 'more.yaml': yaml(configMap('more')) });
    },
    commits: () => [],
  },
  { faults: EACH_FAULT },
);
