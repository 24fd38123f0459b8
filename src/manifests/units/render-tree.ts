import pLimit from 'p-limit';
import type { Cancellable } from '../../base/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import { Kustomizations } from '../kustomize/kustomizations.ts';
import { type Division, divide } from './divide.ts';
import type { PlainRenderer, Renderer, RenderOptions } from './renderer.ts';
import type { RenderedRevision } from './renderings.ts';
import type { Tree } from './tree.ts';
import type { CommandUnit, KustomizeUnit, RenderedUnit } from './unit.ts';

/** The renderers of a repository; one that is absent has no units. */
export interface UnitRenderers {
  readonly plain: PlainRenderer;
  readonly commands?: Renderer<CommandUnit>;
  readonly kustomize?: Renderer<KustomizeUnit>;
  /** Whether each folder with a kustomization is built that no other refers to. */
  readonly kustomizeAuto: boolean;
}

/** Divides the trees of one repository, and renders their units. */
export class TreeRendering {
  readonly #paths: readonly string[];
  readonly #renderers: UnitRenderers;
  readonly #kustomizations = new Kustomizations();

  constructor(paths: readonly string[], renderers: UnitRenderers) {
    this.#paths = paths;
    this.#renderers = renderers;
  }

  /** @throws as `divide` and the plain renderer do */
  async render(tree: Tree, revision: RenderedRevision, options: RenderOptions): Promise<DesiredState> {
    const { units, errors, warnings, refused, dependents } = await this.divide(tree, options);
    // Commands run one at a time; kustomize limits itself.
    const inTurn = pLimit(1);
    const { plain } = this.#renderers;
    const rendered = await Promise.all(
      units.map((unit) => {
        if (unit.renderer === 'plain') return plain.render(unit, tree, options);
        const render = () => revision.render(unit, tree, this.rendererOf(unit), options);
        return unit.renderer === 'commands' ? inTurn(render) : render();
      }),
    );
    const names = [...refused, ...units.flatMap((unit) => (unit.renderer === 'plain' ? [] : unit.name))];
    return {
      manifests: rendered.flatMap(({ manifests }) => manifests),
      errors: [...errors, ...rendered.flatMap((state) => state.errors)],
      warnings: [...warnings, ...rendered.flatMap((state) => state.warnings)],
      ...(names.length === 0 ? {} : { units: names }),
      ...(dependents.length === 0 ? {} : { dependents }),
      ...(rendered.some(({ unsettled }) => unsettled) ? { unsettled: true } : {}),
    };
  }

  divide(tree: Tree, cancel: Cancellable): Promise<Division> {
    const { commands, kustomize, kustomizeAuto } = this.#renderers;
    return divide(tree, this.#paths, {
      ...cancel,
      configFiles: commands !== undefined,
      ...(kustomize ? { kustomize: { auto: kustomizeAuto, kustomizations: this.#kustomizations } } : {}),
    });
  }

  /** The renderer of a unit that was divided here. */
  rendererOf(unit: RenderedUnit): Renderer<RenderedUnit> {
    const renderer = this.#renderers[unit.renderer];
    if (!renderer) throw new Error(`no renderer for a unit of ${unit.renderer}`);
    return renderer as Renderer<RenderedUnit>;
  }
}
