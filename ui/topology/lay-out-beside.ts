import type { Layout, Plan } from './layout.ts';

/** The name of the file of the worker; the build knows it. */
declare const LAYOUT_WORKER: string;

/** Browsers with Trusted Types make a worker of such a value alone, and the policy of the page allows one sort of them. */
interface ScriptUrlPolicies {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

let worker: Worker | undefined;
/** Who waits for a layout, in the order of the plans. */
let waiting: readonly { readonly resolve: (layout: Layout) => void; readonly reject: (error: Error) => void }[] = [];

/** Lays out a plan in a worker, which keeps the page free meanwhile. Rejects if the browser has no worker for it. */
export function layOutBeside(plan: Plan): Promise<Layout> {
  return new Promise((resolve, reject) => {
    worker ??= start();
    waiting = [...waiting, { resolve, reject }];
    worker.postMessage(plan);
  });
}

function start(): Worker {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: ScriptUrlPolicies };
  const policy = trustedTypes?.createPolicy('flux-layout', { createScriptURL: () => LAYOUT_WORKER });
  const started = new Worker(policy?.createScriptURL(LAYOUT_WORKER) ?? LAYOUT_WORKER, { type: 'module' });
  started.onmessage = ({ data }: MessageEvent<Layout>) => {
    const [first, ...others] = waiting;
    waiting = others;
    first?.resolve(data);
  };
  started.onerror = () => {
    for (const { reject } of waiting) reject(new Error('the worker for layouts failed'));
    waiting = [];
  };
  return started;
}
