import { modelExtension } from '../model-file.ts'

/**
 * What the name of a file says. `partial`: a model that something is still writing under another name; `control`:
 * aria2's own file beside the one it writes; `other`: no model, perhaps a sidecar.
 */
export type NameKind = 'model' | 'partial' | 'control' | 'other'

/** What programs append while they write: browsers, curl wrappers, SwarmUI, StabilityMatrix, hf, qBittorrent, WinSCP. */
export const MARKERS: ReadonlySet<string> = new Set([
  '.part',
  '.partial',
  '.tmp',
  '.temp',
  '.download',
  '.crdownload',
  '.incomplete',
  '.smdownload',
  '.!qb',
  '.opdownload',
  '.filepart',
])

/** SwarmUI and StabilityMatrix write these beside models, without the extension that the model will have. */
const ALWAYS_MODELS = /(?:.\.download\.tmp|.\.smdownload)$/i

const LONGEST_ENDING = '.safetensors'.length

/** Many files have few endings: asked once each, without a regular expression for every file. */
const kinds = new Map<string, 'model' | 'marker' | 'control' | 'other'>()

function kindOfEnding(ending: string): 'model' | 'marker' | 'control' | 'other' {
  if (ending.length > LONGEST_ENDING) return 'other'
  let kind = kinds.get(ending)
  if (kind === undefined) {
    const lower = ending.toLowerCase()
    if (modelExtension(`x${lower}`) !== undefined) kind = 'model'
    else if (lower === '.aria2') kind = 'control'
    else kind = MARKERS.has(lower) ? 'marker' : 'other'
    // Endings that a program makes up would fill it.
    if (kinds.size < 1_000) kinds.set(ending, kind)
  }
  return kind
}

/** @param name without its folder; hidden ones are not for here */
export function nameKind(name: string): NameKind {
  let end = name.length
  for (let marked = false; ; marked = true) {
    const dot = name.lastIndexOf('.', end - 1)
    if (dot <= 0) return marked && ALWAYS_MODELS.test(name) ? 'partial' : 'other'
    const kind = kindOfEnding(name.slice(dot, end))
    if (kind === 'marker') {
      end = dot
      continue
    }
    if (!marked) return kind
    return kind === 'model' || ALWAYS_MODELS.test(name) ? 'partial' : 'other'
  }
}

/** The file that aria2 writes while `name`, its control file, is there. */
export const controlledBy = (name: string): string => name.slice(0, -'.aria2'.length)
