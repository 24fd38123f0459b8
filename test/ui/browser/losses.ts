import type { Route } from 'playwright-core';

/** How a request of a change is lost, before fluxd has it or after. */
export const LOSSES: Readonly<Record<string, (route: Route) => Promise<unknown>>> = {
  'before fluxd has it': (route) => route.abort('connectionrefused'),
  'with its answer': async (route) => {
    await route.fetch();
    await route.abort('connectionreset');
  },
};
