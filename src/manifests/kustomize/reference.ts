/** What a path in a kustomization leads to. */
export interface Reference {
  /** Relative to the folder of the kustomization. */
  readonly path: string;
  /**
   * `resource` is a file or the folder of another kustomization, `component` such a folder, and `file` a file. `plugin` is a resource
   * whose documents configure generators or transformers. `perhaps` is a file if there is one.
   */
  readonly to: 'resource' | 'component' | 'file' | 'plugin' | 'perhaps';
  /** The key of the kustomization, for errors. */
  readonly key: string;
}
