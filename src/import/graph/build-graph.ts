import { parseAir } from '../../air/air.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { publicUrl } from '../../lib/public-url.ts'
import type { Candidate, Dependency, DependencyType } from '../dependency.ts'

export interface GraphNode {
  readonly id: string
  readonly kind: 'prompt' | 'asset' | 'dependency' | 'candidate'
  readonly name: string
  readonly type?: DependencyType
  readonly reference?: string
  readonly status?: Dependency['status']
  readonly reason_code?: NonNullable<Dependency['reason_code']>
  readonly active?: boolean
  readonly optional?: boolean
  readonly source?: NonNullable<Dependency['resolved_source']>
  readonly node?: string
  readonly base_model?: string
  readonly air?: string
  readonly url?: string
  readonly path?: string
  readonly why?: string
}

export interface GraphEdge {
  readonly from: string
  readonly to: string
  /** `needs`: a prompt its model; `base`: what was trained on it; `candidate`: what it may be; `made_by`: a picture its prompt. */
  readonly kind: 'needs' | 'base' | 'candidate' | 'made_by'
  readonly weight?: number
}

export interface DependencyGraph {
  readonly nodes: readonly GraphNode[]
  readonly edges: readonly GraphEdge[]
}

/** What is trained beside the weights of a main model, and fits no other base. */
const ADAPTERS: ReadonlySet<DependencyType> = new Set<DependencyType>([
  'lora',
  'embedding',
  'controlnet',
  'ipadapter',
  'style_model',
  'hypernetwork',
  'motion_module',
])
const MAIN: ReadonlySet<DependencyType> = new Set<DependencyType>(['checkpoint', 'diffusion_model'])

export interface GraphOptions {
  /** Base models of files of this host, by SHA-256. */
  readonly baseModels: ReadonlyMap<string, string>
  /** The caller may see where files lie. */
  readonly showPaths: boolean
}

/** What a prompt depends on, with nothing of its words. */
export function buildGraph(
  dependencies: readonly Dependency[],
  tracked: JsonObject | undefined,
  { baseModels, showPaths }: GraphOptions,
): DependencyGraph {
  const nodes: GraphNode[] = [{ id: 'prompt', kind: 'prompt', name: nameOfPrompt(tracked) }]
  const edges: GraphEdge[] = []
  if (typeof tracked?.asset_id === 'string') {
    nodes.unshift({ id: 'asset', kind: 'asset', name: `asset ${tracked.asset_id}` })
    edges.push({ from: 'asset', to: 'prompt', kind: 'made_by' })
  }
  for (const [at, dependency] of dependencies.entries()) {
    const id = `d${at}`
    const { weight } = dependency
    nodes.push(toNode(id, dependency, baseModels, showPaths))
    edges.push({ from: 'prompt', to: id, kind: 'needs', ...(weight === undefined ? {} : { weight }) })
    for (const [place, candidate] of dependency.candidates.entries()) {
      const to = `${id}c${place}`
      nodes.push(toCandidateNode(to, candidate, showPaths))
      edges.push({ from: id, to, kind: 'candidate' })
    }
  }
  return { nodes, edges: [...edges, ...baseEdges(dependencies, baseModels)] }
}

const nameOfPrompt = (tracked: JsonObject | undefined): string =>
  typeof tracked?.prompt_id === 'string' ? `prompt ${tracked.prompt_id}` : 'prompt'

export const trackedOf = (view: JsonObject): JsonObject | undefined =>
  isJsonObject(view.tracked) ? view.tracked : undefined

function toNode(
  id: string,
  dependency: Dependency,
  baseModels: ReadonlyMap<string, string>,
  showPaths: boolean,
): GraphNode {
  const { type, reference, status, reason_code, active, optional, resolved_source, resolved_node, air } = dependency
  const baseModel = baseOf(dependency, baseModels)
  const path = showPaths ? dependency.resolved_path : undefined
  return {
    id,
    kind: 'dependency',
    name: dependency.name ?? dependency.filename ?? publicUrl(reference),
    type,
    reference: publicUrl(reference),
    status,
    ...(reason_code === null ? {} : { reason_code }),
    active,
    optional,
    ...(resolved_source === undefined ? {} : { source: resolved_source }),
    ...(resolved_node === undefined ? {} : { node: resolved_node }),
    ...(baseModel === undefined ? {} : { base_model: baseModel }),
    ...(air === undefined ? {} : { air }),
    ...(path === undefined ? {} : { path }),
  }
}

function toCandidateNode(id: string, { name, air, url, path, why }: Candidate, showPaths: boolean): GraphNode {
  return {
    id,
    kind: 'candidate',
    name: name ?? air ?? (url === undefined ? 'a file' : publicUrl(url)),
    ...(air === undefined ? {} : { air }),
    ...(url === undefined ? {} : { url: publicUrl(url) }),
    ...(path === undefined || !showPaths ? {} : { path }),
    why,
  }
}

/** As this host knows it of the file, else as its AIR says. */
function baseOf({ sha256, air }: Dependency, baseModels: ReadonlyMap<string, string>): string | undefined {
  const known = sha256 === undefined ? undefined : baseModels.get(sha256)
  return known ?? (air === undefined ? undefined : parseAir(air)?.ecosystem)
}

/** From what was trained on a base to the main models of the prompt that are of that base. */
function baseEdges(dependencies: readonly Dependency[], baseModels: ReadonlyMap<string, string>): GraphEdge[] {
  const bases = dependencies.map((dependency) => baseKey(baseOf(dependency, baseModels)))
  const mains = dependencies.flatMap(({ type }, at) => (MAIN.has(type) && bases[at] !== '' ? [at] : []))
  return dependencies.flatMap(({ type }, at) =>
    ADAPTERS.has(type)
      ? mains
          .filter((main) => bases[main] === bases[at])
          .map((main): GraphEdge => ({ from: `d${at}`, to: `d${main}`, kind: 'base' }))
      : [],
  )
}

/** `SDXL 1.0` and `sdxl` are one. */
const baseKey = (base: string | undefined): string =>
  (base ?? '')
    .toLowerCase()
    .replace(/\b1\.0\b/g, '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '')
