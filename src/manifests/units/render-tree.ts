import pLimit from 'p-limit';
import { type Cancellable, FluxError } from '../../base/index.ts';
import type { DesiredState } from '../../resource/index.ts';
import type { Capabilities } from '../helm/helm-program.ts';
import { kustomizeInputs } from '../kustomize/inputs.ts';
import { type Kustomizations, kustomizationFolder } from '../kustomize/kustomizations.ts';
import { type Division, divide } from './divide.ts';
import { Pace } from './pace.ts';
import type { PlainRenderer, Renderer, RenderOptions } from './renderer.ts';
import type { RenderedRevision } from './renderings.ts';
import type { Tree } from './tree.ts';
import type { CommandUnit, HelmUnit, KustomizeUnit, PlainUnit, RenderedUnit } from './unit.ts';

/** The renderers of a repository; one that is absent has no units. */
export interface UnitRenderers {
  readonly plain: PlainRenderer;
  readonly commands?: Renderer<CommandUnit>;
  readonly kustomize?: Renderer<KustomizeUnit>;
  readonly helm?: Renderer<HelmUnit>;
  /** Of charts, which are refused without it. */
  readonly capabilities?: Capabilities;
  /** Whether each folder with a kustomization is built that no other refers to. */
  readonly kustomizeAuto: boolean;
  readonly kustomizations: Kustomizations;
}

/** Divides the trees of one repository, and renders their units. */
export class TreeRendering {
  readonly #paths: readonly string[];
  readonly #renderers: UnitRenderers;

  constructor(paths: readonly string[], renderers: UnitRenderers) {
    this.#paths = paths;
    this.#renderers = renderers;
  }

  /** @throws as `divide` and the plain renderer do */
  async render(tree: Tree, revision: RenderedRevision, options: RenderOptions): Promise<DesiredState> {
    const { units, errors, warnings, refused, dependents, unsettled } = await this.divide(tree, options);
    // Commands run one at a time; kustomize and Helm limit themselves.
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
      ...(unsettled || rendered.some((state) => state.unsettled) ? { unsettled: true } : {}),
    };
  }

  /**
   * A unit by its name. That of kustomize is found without a division, which looks at all files.
   * @throws FluxError `generation/no-unit`, or as `kustomizeInputs` and `divide` do
   */
  async find(name: string, tree: Tree, cancel: Cancellable): Promise<RenderedUnit> {
    const { kustomize, kustomizations } = this.#renderers;
    const directory = kustomizationFolder(name);
    if (kustomize && directory !== undefined && tree.get(name)) {
      const { files, asWritten } = await kustomizeInputs(tree, directory, kustomizations, new Pace(cancel.signal));
      return { renderer: 'kustomize', name, directory, configFile: name, files, asWritten };
    }
    const { units, errors } = await this.divide(tree, cancel);
    const unit = units.find((each): each is RenderedUnit => each.renderer !== 'plain' && each.name === name);
    return unit ?? noUnit(name, errors[0]?.error);
  }

  /** Which paths are those of plain files. The cluster is not asked what charts may know of it. @throws as `divide` does */
  async plainOf(tree: Tree, cancel: Cancellable): Promise<PlainUnit['includes']> {
    const { units } = await this.divide(tree, cancel, this.#renderers.capabilities && (async () => ({ apiVersions: [] })));
    const plain = units.find((unit) => unit.renderer === 'plain');
    return plain?.includes ?? (() => false);
  }

  divide(tree: Tree, cancel: Cancellable, capabilities = this.#renderers.capabilities): Promise<Division> {
    const { commands, kustomize, kustomizeAuto, kustomizations } = this.#renderers;
    return divide(tree, this.#paths, {
      ...cancel,
      configFiles: commands !== undefined,
      ...(capabilities ? { capabilities } : {}),
      ...(kustomize ? { kustomize: { auto: kustomizeAuto, kustomizations } } : {}),
    });
  }

  /** The renderer of a unit that was divided here. */
  rendererOf(unit: RenderedUnit): Renderer<RenderedUnit> {
    const renderer = this.#renderers[unit.renderer];
    if (!renderer) throw new Error(`no renderer for a unit of ${unit.renderer}`);
    return renderer as Renderer<RenderedUnit>;
  }
}

/** @throws FluxError `generation/no-unit` */
export function noUnit(name: string, cause?: FluxError): never {
  throw new FluxError(`${name} is not rendered in this revision`, {
    code: 'generation/no-unit',
    fault: 'user',
    help: 'Restore its config file.',
    ...(cause ? { cause } : {}),
  });
}
