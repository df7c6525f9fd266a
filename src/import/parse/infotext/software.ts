import { remembered } from '../../remembered.ts'
import type { PairTable } from './pair-table.ts'

/** Which program wrote an infotext, as its `Version:` tells; the order matters. */
const BY_VERSION: readonly (readonly [RegExp, string])[] = [
  [/^comfyui/i, 'ComfyUI'],
  [/^fooocus/i, 'Fooocus'],
  [/^neo\b/i, 'Forge Neo'],
  [/^classic\b/i, 'Forge Classic'],
  // reForge counts on from Forge's numbers, from branches that it calls dev and RC.
  [/^f1\.|^f\S{1,30}(?:dev|RC)/, 'reForge'],
  [/^f\d/i, 'Forge'],
  [/^v\d/i, 'A1111'],
]

const programOf = remembered((version) => BY_VERSION.find(([pattern]) => pattern.test(version))?.[1])

export function softwareOf(table: PairTable): { software?: string; version?: string } {
  const swarm = table.first('swarm_version')
  if (swarm !== undefined) return { software: 'SwarmUI', version: swarm }
  const version = table.first('Version')
  const app = table.first('App')
  const named = app ?? (version === undefined ? undefined : programOf(version))
  const software = named ?? (table.first('Created Date') === undefined ? undefined : 'Civitai')
  const number = version?.replace(/^(?:Fooocus|ComfyUI)\s*/i, '') ?? ''
  return {
    ...(software === undefined ? {} : { software }),
    ...(number === '' ? {} : { version: number }),
  }
}

/** ComfyUI writes `dpmpp_2m_karras` where A1111 and its relatives write `DPM++ 2M`. */
const COMFY_SAMPLER = /^[a-z][a-z0-9_]{1,60}$/

/**
 * Whether a saver node of ComfyUI wrote it, which reads models off a graph as well as it can: what it says is a claim.
 * Some savers do not name the program.
 */
export function isOfComfySaver(table: PairTable): boolean {
  const { software } = softwareOf(table)
  if (software !== undefined) return software === 'ComfyUI'
  const numbered = table.matching(/^(?:Lora|Embedding)_\d{1,3} /i).length > 0
  return numbered || COMFY_SAMPLER.test(table.first('Sampler') ?? '')
}
