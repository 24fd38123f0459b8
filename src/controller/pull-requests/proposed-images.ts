import { containerKey, type Proposal, type ProposalLookup, type ProposedImage } from '../../update/index.ts';
import type { BranchNames } from './branch-name.ts';

/** What listings show of proposals: for each branch, where its images are proposed. */
export interface ProposedImages extends ProposalLookup {
  set(branch: string, proposal: Proposal, images: readonly ProposedImage[]): void;
  delete(branch: string): void;
  branches(): readonly string[];
}

export function createProposedImages(names: Pick<BranchNames, 'of'>): ProposedImages {
  const byBranch = new Map<string, { readonly proposal: Proposal; readonly targets: ReadonlyMap<string, string> }>();
  return {
    set(branch, proposal, images) {
      byBranch.set(branch, { proposal, targets: new Map(images.map((image) => [containerKey(image), image.target])) });
    },
    delete: (branch) => void byBranch.delete(branch),
    branches: () => [...byBranch.keys()],
    of(image) {
      const { proposal, targets } = byBranch.get(names.of(image.workload)) ?? {};
      return targets?.get(containerKey(image)) === image.target ? proposal : undefined;
    },
  };
}
