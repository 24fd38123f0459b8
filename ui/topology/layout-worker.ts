import { layOut, type Plan } from './layout.ts';

/** Lays out one plan after the other, beside the page. */
addEventListener('message', ({ data }: MessageEvent<Plan>) => postMessage(layOut(data)));
