import type { DependencyType } from '../../../dependency.ts'

/** What is known of a class of nodes that load models. */
export interface NodeLoader {
  readonly models: readonly ModelInput[]
  /** Inputs with texts whose `<lora:…>` tags it loads. */
  readonly tags?: TagInputs
  /** Inputs with comma-separated lists: SwarmUI. */
  readonly lists?: { readonly names: string; readonly weights: string }
}

export interface TagInputs {
  readonly inputs: readonly string[]
  readonly switches?: readonly Switch[]
  /** An input with a list of LoRAs: the texts only repeat it where it is there. */
  readonly unless?: string
}

/** An input that names a model file. */
export interface ModelInput {
  readonly input: string
  readonly type: DependencyType
  /** The folder of models that it is looked for in, where its type alone does not tell. */
  readonly folder?: string
  /** Inputs with its strengths, that on the main model first; with all of them 0 it is not loaded. */
  readonly strengths?: readonly string[]
  /** Other inputs have the strengths where `input` is `advanced`. */
  readonly advanced?: { readonly input: string; readonly strengths: readonly string[] }
  /** Each can keep it from being loaded. */
  readonly switches?: readonly Switch[]
  /** The node fetches it itself when it first runs. */
  readonly fetched?: true
  /** `org/name` is a repository of Hugging Face. */
  readonly repository?: true
}

/** An input that decides whether something is loaded. Where it is missing it does not say no. */
export interface Switch {
  readonly input: string
  /** Values that mean no. */
  readonly off?: readonly (string | boolean)[]
  /** A smaller number means no: it counts the slots in use. */
  readonly below?: number
  /** It has to be wired to something. */
  readonly wired?: true
}

/** Classes that load the same way. */
export type LoaderRow = readonly [classNames: readonly string[], loader: NodeLoader]

type Options = Omit<ModelInput, 'input' | 'type'>

export const model = (type: DependencyType, input: string, options: Options = {}): ModelInput => ({
  input,
  type,
  ...options,
})

/** Slots with numbers: `lora_name_1`, `lora_name_2`, … */
export const slots = (first: number, last: number, slot: (number: number) => ModelInput): ModelInput[] =>
  Array.from({ length: last - first + 1 }, (_, at) => slot(first + at))

export const loads = (...models: readonly ModelInput[]): NodeLoader => ({ models })
