import { modelExtension } from '../../models/model-file.ts'
import type { DependencyType } from '../dependency.ts'
import { A1111_TAGS, SWARM_TAGS } from '../parse/prompt-tags.ts'
import { MODEL_PARAMS } from '../parse/swarmui/params.ts'
import { rewriteInfotext, rewriteName, rewriteParameter, rewritePrompt } from './infotext.ts'
import type { StringPlace } from './json-strings.ts'
import { asInfotext, asSwarm, type LocalNames, withEndingOf } from './local-names.ts'
import { rewriteEmbeddings, rewriteTags } from './tags.ts'

/** What is known of a place inside a JSON. */
export interface JsonScope {
  /** Within what a node of ComfyUI is given. */
  readonly given: boolean
  /** Within what says something of a node and gives it nothing. */
  readonly about: boolean
  /** Within SwarmUI's parameters, or its list of models. */
  readonly swarm: 'params' | 'models' | undefined
  /** Strings in strings. */
  readonly depth: number
}

export const OUTSIDE: JsonScope = { given: false, about: false, swarm: undefined, depth: 0 }

const GIVEN: ReadonlySet<string> = new Set(['inputs', 'widgets_values'])
const ABOUT: ReadonlySet<string> = new Set(['_meta', 'properties', 'title', 'class_type', 'type', 'localized_name'])

export function enterKey(scope: JsonScope, key: string): JsonScope {
  if (GIVEN.has(key)) return scope.given ? scope : { ...scope, given: true }
  if (ABOUT.has(key)) return scope.about ? scope : { ...scope, about: true }
  if (key === 'sui_image_params') return { ...scope, swarm: 'params' }
  if (key === 'sui_models') return { ...scope, swarm: 'models' }
  return scope
}

/** How a format's names are written in its JSON; undefined where the string stays. */
export type JsonDialect = (value: string, place: StringPlace<JsonScope>, names: LocalNames) => string | undefined

/** ComfyUI: names as they are listed, letter by letter; embeddings and the tags of some nodes within texts. */
const comfyui: JsonDialect = (value, { key, scope }, names) => {
  if (!scope.given || scope.about) return undefined
  const written = value.trim()
  const isName = modelExtension(written) !== undefined || /^urn:air:/i.test(written) || names.isNamedAt(written, key)
  const name = isName ? names.find(written, { key }) : undefined
  if (name !== undefined) return name
  const withEmbeddings = rewriteEmbeddings(value, (word, type) => {
    const found = names.find(word, { type })
    return found === undefined ? undefined : withEndingOf(word, found)
  })
  return rewriteTags(withEmbeddings, A1111_TAGS, (word, type) => {
    const found = names.find(word, { type })
    return found === undefined ? undefined : asInfotext(word, found)
  })
}

const swarmui: JsonDialect = (value, { key, scope: { swarm } }, names) => {
  const spelled = (written: string, type?: DependencyType): string | undefined => {
    const name = names.find(written.trim(), { type })
    return name === undefined ? undefined : written.replace(written.trim(), () => asSwarm(written.trim(), name))
  }
  if (swarm === 'models') return key === 'name' ? spelled(value) : undefined
  if (swarm === undefined) return undefined
  const param = MODEL_PARAMS.get(key)
  if (param !== undefined) return spelled(value, param.type)
  // Older files join the list with commas.
  if (key === 'loras')
    return (
      spelled(value, 'lora') ??
      value
        .split(',')
        .map((one) => spelled(one, 'lora') ?? one)
        .join(',')
    )
  const [, prefix, file] = /^((?:latent)?model-|file:)(.+)$/s.exec(value) ?? []
  if (prefix !== undefined && file !== undefined && BEHIND_PREFIX.has(key)) {
    const name = spelled(file)
    return name === undefined ? undefined : prefix + name
  }
  return key.endsWith('prompt') ? rewriteTags(value, SWARM_TAGS, (word, type) => spelled(word, type)) : undefined
}

const BEHIND_PREFIX: ReadonlySet<string> = new Set(['refinerupscalemethod', 'seedvrupscalemethod', 'useipadapter'])

/** What A1111's API calls its models. */
const A1111_KEYS: ReadonlyMap<string, DependencyType> = new Map([
  ['sd_model_checkpoint', 'checkpoint'],
  ['sd_model_name', 'checkpoint'],
  ['refiner_checkpoint', 'checkpoint'],
  ['hr_checkpoint_name', 'checkpoint'],
  ['sd_vae', 'vae'],
  ['sd_vae_name', 'vae'],
  ['sd_hypernetwork', 'hypernetwork'],
  ['sd_lora', 'lora'],
  // Forge says of these not what they are.
  ['forge_additional_modules', 'other'],
  ['hr_additional_modules', 'other'],
  ['ad_model', 'detector'],
  ['ad_checkpoint', 'checkpoint'],
  ['ad_vae', 'vae'],
  ['ad_controlnet_model', 'controlnet'],
  // Arguments of scripts have no names.
  ['args', 'other'],
  ['script_args', 'other'],
])

const a1111: JsonDialect = (value, { key, scope }, names) => {
  if (scope.given || scope.swarm !== undefined) return undefined
  const type = A1111_KEYS.get(key)
  const named = type === undefined ? undefined : rewriteName(value, names, type)
  if (named !== undefined || (type !== undefined && type !== 'other')) return named
  if (/Steps:\s{0,10}\d/.test(value)) return rewriteInfotext(value, names)
  if (/(?:prompts?|args)$/.test(key)) return rewritePrompt(value, names)
  return rewriteParameter(key, value, names)
}

export const JSON_DIALECTS: ReadonlyMap<string, JsonDialect> = new Map([
  ['comfyui', comfyui],
  ['swarmui', swarmui],
  ['a1111', a1111],
])
