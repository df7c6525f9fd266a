import type { DependencyType } from '../../dependency.ts'

/** What a running ComfyUI says of its node classes (`GET /object_info`), in the few words that parsing needs. */
export interface NodeCatalog {
  readonly classes: ReadonlyMap<string, NodeClass>
}

export interface NodeClass {
  /** Names of the widgets in their order: with them the bare values of an editor's workflow get their names. */
  readonly widgets: readonly string[]
  /** Inputs whose choices are model files, and the type that the choices or the names suggest. */
  readonly models: ReadonlyMap<string, DependencyType>
}
