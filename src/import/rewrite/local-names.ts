import { modelExtension } from '../../models/model-file.ts'
import { isOfType } from '../../models/type-kinship.ts'
import type { Dependency, DependencyType } from '../dependency.ts'
import { parseModelName } from '../model-name.ts'

/** What a model is called in a prompt, and on this host. */
export interface NamedHere {
  readonly type: DependencyType
  /** Every spelling of the prompt. */
  readonly written: readonly string[]
  /** As the UI lists it; left out where it is not on this host. */
  readonly name?: string
  /** Where the prompt names it: `comfyui:prompt node 12 lora_name`. */
  readonly places: readonly string[]
}

/** What rewriting a prompt goes by: every model in it, since two may be written alike. */
export const namesHere = (dependencies: readonly Dependency[]): readonly NamedHere[] =>
  dependencies.map(({ type, written, air, resolved_name: name, status, evidence }) => ({
    type,
    // Civitai's own jobs write AIRs where names of files belong.
    written: air === undefined ? written : [...written, air],
    ...(name === undefined || status !== 'resolved' ? {} : { name }),
    places: evidence,
  }))

export interface NameHint {
  /** What is named there. */
  readonly type?: DependencyType | undefined
  /** The input or parameter that holds it. */
  readonly key?: string | undefined
  /** It may have lost its commas and colons, as in `Lora hashes`. */
  readonly isBare?: boolean
}

export interface LocalNames {
  /** The local name of what is written so; undefined where there is none, or where two are written so. */
  find(written: string, hint?: NameHint): string | undefined
  /** Whether the prompt names something written so under this key. */
  isNamedAt(written: string, key: string): boolean
  /** Spellings of models of this type that are called otherwise here. */
  writtenOf(type: DependencyType): readonly string[]
}

const BARE = /[,:]/
const toBare = (written: string): string => written.replace(/[,:]/g, '')

/** What evidence says behind a place, one remark after another: `comfyui:prompt node 12 lora_name (weight 0.8)`. */
const REMARKS = /(?: \((?:weight|only claimed)[^()]*\))+$/

export function createLocalNames(named: readonly NamedHere[]): LocalNames {
  const byWritten = new Map<string, NamedHere[]>()
  const byBare = new Map<string, NamedHere[]>()
  const put = (into: Map<string, NamedHere[]>, written: string, each: NamedHere): void => {
    const same = into.get(written)
    if (same === undefined) into.set(written, [each])
    else same.push(each)
  }
  for (const each of named) {
    for (const written of new Set(each.written)) put(byWritten, written, each)
    for (const bare of new Set(each.written.filter((written) => BARE.test(written)).map(toBare)))
      put(byBare, bare, each)
  }
  const isAt = ({ places }: NamedHere, key: string): boolean =>
    places.some((place) => place.replace(REMARKS, '').endsWith(` ${key}`))
  const narrowed = (found: readonly NamedHere[], fits: (each: NamedHere) => boolean): readonly NamedHere[] => {
    const fitting = found.filter(fits)
    return fitting.length === 0 ? found : fitting
  }
  return {
    find(written, { type, key, isBare = false } = {}) {
      let found: readonly NamedHere[] = byWritten.get(written) ?? (isBare ? byBare.get(written) : undefined) ?? []
      if (type !== undefined) found = found.filter((each) => isOfType(type, each.type))
      if (found.length > 1 && type !== undefined) found = narrowed(found, (each) => each.type === type)
      if (found.length > 1 && key !== undefined) found = narrowed(found, (each) => isAt(each, key))
      const [first] = found
      return found.every(({ name }) => name === first?.name) ? first?.name : undefined
    },
    writtenOf: (type) => named.flatMap((each) => (each.type === type && each.name !== undefined ? each.written : [])),
    isNamedAt: (written, key) => (byWritten.get(written) ?? []).some((each) => isAt(each, key)),
  }
}

/** For UIs that know a model by the name of its file alone: in a folder only where the prompt names one, too. */
export function asInfotext(written: string, name: string): string {
  const inFolder = /[\\/]/.test(written)
  return withEndingOf(written, inFolder ? name : name.slice(name.lastIndexOf('/') + 1))
}

/** SwarmUI knows models by their whole path, and leaves out the ending of the usual kind. */
export const asSwarm = (written: string, name: string): string =>
  modelExtension(written) === undefined ? name.replace(/\.safetensors$/i, '') : name

export function withEndingOf(written: string, name: string): string {
  const ending = modelExtension(written) === undefined ? modelExtension(name) : undefined
  return ending === undefined ? name : name.slice(0, -ending.length)
}

/**
 * Whether the UI of the prompt would not find a model under the name that the prompt has for it: ComfyUI wants the name
 * letter by letter, SwarmUI the path, A1111 the name of the file.
 */
export function needsRewriting({ type, written, name }: NamedHere, formats: ReadonlySet<string>): boolean {
  if (name === undefined) return false
  const here = parseModelName(name)
  return written.some((each) => {
    const there = parseModelName(each)
    const isWhole = there.filename !== undefined || /^urn:air:/i.test(each)
    const isOther = there.stem !== here.stem
    // Without an ending it stands in a text: embeddings there need their folder, tags only the name.
    const isOtherPath = type === 'embedding' ? there.path !== here.path : isOther
    if (formats.has('comfyui') && (isWhole ? each !== name : isOtherPath)) return true
    if (formats.has('swarmui') && there.path !== here.path) return true
    return formats.has('a1111') && isOther
  })
}
