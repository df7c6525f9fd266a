import type { JsonObject } from '../../../lib/json.ts'

/** A model that a workflow declares with its address (`properties.models` of a node, `models` of the root). */
export interface DeclaredModel {
  readonly name: string
  readonly url?: string
  readonly directory?: string
  readonly hash?: string
  readonly hashType?: string
  /** Somebody wrote the address into a note: it may be the right one. */
  readonly isHint?: boolean
}

/** A box of a graph: of the executed one as it stands, or of the editor's workflow with its widgets named. */
export interface GraphNode {
  /** `12`, `30:10` inside a subgraph. */
  readonly id: string
  readonly className: string
  /** Input names to values; a link is `[id of the node it comes from, number of its output]`. */
  readonly inputs: JsonObject
  /** For evidence: `comfyui:prompt node 12`, `comfyui:workflow node 30:10`. */
  readonly place: string
  /** False: muted or bypassed, itself or a container around it. */
  readonly active: boolean
  readonly declared: readonly DeclaredModel[]
}

export type Graph = ReadonlyMap<string, GraphNode>
