import { createPlainRenderer, type PlainRendererOptions } from '../plain/plain-renderer.ts';
import type { Renderer } from './renderer.ts';
import type { RendererName } from './unit.ts';

/** A renderer of each kind, with empty caches. */
export function createRenderers(options: PlainRendererOptions): Readonly<Record<RendererName, Renderer>> {
  return { plain: createPlainRenderer(options) };
}
