import { parseEcrHost } from './credentials/index.ts';

/** Which registries of Amazon ECR are scanned, by Flux v1's flags. */
export interface EcrLimits {
  /** `--registry-ecr-region`; undefined means the region that fluxd runs in. */
  readonly regions?: readonly string[];
  /** `--registry-ecr-include-id`; empty means every account. */
  readonly includeIds: readonly string[];
  /** `--registry-ecr-exclude-id`; overrides inclusion. */
  readonly excludeIds: readonly string[];
}

/** The region that fluxd runs in; `undefined` in `known` means that there is none. */
export type OwnRegion = 'not known yet' | { readonly known: string | undefined };

export type Verdict =
  | { readonly state: 'scanned' }
  | { readonly state: 'excluded'; readonly reason: string }
  /** It depends on the region that fluxd runs in. */
  | { readonly state: 'ask for region' };

const SCANNED: Verdict = { state: 'scanned' };

/** Whether images of a registry host are scanned. Where there is no own region, every region is. */
export function ecrVerdict(host: string, { regions, includeIds, excludeIds }: EcrLimits, own: OwnRegion): Verdict {
  const registry = parseEcrHost(host);
  if (!registry) return SCANNED;
  const { account, region } = registry;
  const excluded = (reason: string): Verdict => ({ state: 'excluded', reason });
  if (excludeIds.includes(account)) return excluded(`account ${account} is in --registry-ecr-exclude-id`);
  if (includeIds.length > 0 && !includeIds.includes(account))
    return excluded(`account ${account} is not in --registry-ecr-include-id`);
  if (regions) return regions.includes(region) ? SCANNED : excluded(`region ${region} is not in --registry-ecr-region`);
  if (own === 'not known yet') return { state: 'ask for region' };
  if (own.known === undefined || own.known === region) return SCANNED;
  return excluded(`region ${region} is not that of fluxd, ${own.known}, and --registry-ecr-region is not set`);
}
