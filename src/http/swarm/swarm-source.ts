import type { ServedModel } from '../files/model-source.ts'

/** A model as SwarmUI lists it. */
export interface SwarmModel {
  /** Path below the folder of its subtype, `/` between the parts; no other model of the subtype has it. */
  readonly name: string
  readonly filename: string
  readonly sizeBytes: number
  /** Milliseconds since the epoch. */
  readonly modifiedMs: number
  /** Of the whole file; lower-case hex. */
  readonly sha256: string
  /** Of what stands behind the safetensors header; lower-case hex. Null: there is none, or nobody has read it yet. */
  readonly tensorSha256: string | null
  /** Whether its tensor digest leads to these bytes and no others of the subtype. */
  readonly isKnownByTensors: boolean
  readonly title: string
  readonly architecture: string | undefined
  readonly description: string
  /** In pixels; 0 where it is not known. */
  readonly standardWidth: number
  readonly standardHeight: number
  readonly author: string | undefined
  readonly license: string | undefined
  readonly date: string | undefined
  readonly usageHint: string | undefined
  readonly triggerPhrase: string | undefined
  readonly tags: readonly string[]
}

/** What a URL calls a model by. */
export interface SwarmReference {
  /** The tensor digest, with or without `0x`, or a name. */
  readonly identifier: string
  /** Tells apart what has the same tensors. */
  readonly filename?: string | undefined
}

export interface SwarmListing {
  /** In SwarmUI's spelling. */
  readonly subtype: string
  /** When the models were read from the index, ISO 8601. */
  readonly generatedAt: string
  readonly models: readonly SwarmModel[]
}

/** The models of this host as SwarmUI knows them. Exclusions and licences are applied here. */
export interface SwarmSource {
  /** Name of this host among others. */
  nodeId(): string
  /** SwarmUI's spelling of a subtype; undefined where there is no such subtype. */
  subtype(name: string): string | undefined
  /** @throws AppError not_found */
  list(subtype: string): Promise<SwarmListing>
  /** By its name, with or without `.safetensors`. @throws AppError not_found */
  describe(subtype: string, name: string): Promise<SwarmModel>
  /**
   * The file that the first of the references stands for which stands for any.
   * @throws AppError not_found, license_blocked, forbidden
   */
  open(
    subtype: string,
    references: readonly SwarmReference[],
  ): Promise<{ readonly model: SwarmModel; readonly file: ServedModel }>
}
