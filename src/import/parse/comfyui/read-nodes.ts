import type { DependencyType } from '../../dependency.ts'
import type { Findings } from '../../mention.ts'
import type { ParseContext } from '../parser.ts'
import { resourcesOf } from './civitai-selector.ts'
import { addEmbeddings } from './embeddings.ts'
import type { Graph, GraphNode } from './graph.ts'
import { branchOf, literalText, type Step } from './links.ts'
import { findLoader } from './loaders/find-loader.ts'
import type { NodeLoader } from './loaders/loader.ts'
import { addUse, type ModelUse, typeOfAir } from './model-use.ts'
import { addPreset, isPresetLoader } from './presets.ts'
import { readLoader } from './read-loader.ts'
import { addClaims, claimSteps, isSaver } from './read-saver.ts'
import { readSlots } from './read-slots.ts'
import { addLoraTags } from './read-tags.ts'
import { type Hints, readUnknown } from './read-unknown.ts'

/**
 * The meaning of every node: the models it loads, embeddings in its texts, and last what savers claim. Used for the
 * executed graph and for the editor's workflow. `notRun` has the ids of nodes that the program leaves out, see
 * reachability.ts.
 */
export function readNodes(
  graph: Graph,
  findings: Findings,
  context: ParseContext,
  notRun: ReadonlySet<string> = new Set(),
): void {
  const nodes = [...graph.values()].filter(mayName)
  const savers = nodes.filter(({ className }) => isSaver(className))
  const others = nodes.filter(({ className }) => !isSaver(className)).map((node) => prepare(node, graph, findings))
  const steps = [...savers.flatMap((node) => claimSteps(node, graph)), ...others.flatMap((known) => known.steps)]
  const handedOn = new Set(steps.map(({ node, input }) => keyOf(node, input)))
  for (const known of others) {
    const own = notRun.has(known.node.id) ? asNotRun(findings) : findings
    for (const use of known.uses) addUse(use, own)
    addRest(known, { graph, context, handedOn }, own)
  }
  for (const node of savers) addClaims(node, graph, notRun.has(node.id) ? asNotRun(findings) : findings)
}

/** Files of other kinds, and remarks. */
const OTHER_FILES = /^(?:VHS_)?Load ?(?:Image|Video|Audio|Latent|Mask|3D)/i
const REMARK = /^(?:Markdown)?Note\b/i

const mayName = ({ className }: GraphNode): boolean =>
  !REMARK.test(className) && (!OTHER_FILES.test(className) || /lora|model|encoder/i.test(className))

const NOT_RUN = 'The graph never uses it: nothing leads from it to an output'

const asNotRun = (findings: Findings): Findings => ({
  ...findings,
  add: (mention) => findings.add({ ...mention, active: false, skip: mention.skip ?? NOT_RUN }),
})

const keyOf = (node: GraphNode, input: string): string => `${node.id}\n${input}`

interface Known {
  readonly node: GraphNode
  readonly loader: NodeLoader | undefined
  readonly uses: readonly ModelUse[]
  /** The inputs of other nodes that it is told names by. */
  readonly steps: readonly Step[]
}

function prepare(node: GraphNode, graph: Graph, findings: Findings): Known {
  const loader = findLoader(node.className)
  const found = loader === undefined ? [] : readLoader(node, loader, graph, findings)
  return {
    node,
    loader,
    uses: [...found.map(({ use }) => use), ...readSlots(node)],
    steps: found.flatMap(({ steps }) => steps),
  }
}

interface Surroundings {
  readonly graph: Graph
  readonly context: ParseContext
  /** Inputs whose names other nodes load: they name nothing on their own. */
  readonly handedOn: ReadonlySet<string>
}

/** Whatever the table of loaders does not know of a node. */
function addRest({ node, loader, uses }: Known, { graph, context, handedOn }: Surroundings, findings: Findings): void {
  if (loader?.tags !== undefined) addLoraTags(node, loader.tags, graph, findings)
  if (isPresetLoader(node.className)) addPreset(node, graph, findings)
  if (node.className === 'CivitaiModelSelector') {
    addSelected(node, handedOn, findings)
    return
  }
  const read = new Set(uses.map(({ input }) => input))
  const hints: Hints = { nodeClass: context.comfyNodes?.classes.get(node.className), only: onlyType(loader) }
  for (const input of Object.keys(node.inputs)) {
    if (read.has(input) || isPassedOver(node, input)) continue
    const use = handedOn.has(keyOf(node, input)) ? undefined : readUnknown(node, input, graph, hints)
    if (use !== undefined) addUse(use, findings)
    else addEmbeddings(node, input, literalText(node.inputs[input]) ?? '', findings)
  }
}

/** The template of a text that was made of it, and the way that a switch does not let through. */
function isPassedOver(node: GraphNode, input: string): boolean {
  if (input === 'wildcard_text') return Object.hasOwn(node.inputs, 'populated_text')
  const branch = input === 'on_true' || input === 'on_false' ? branchOf(node) : undefined
  return branch !== undefined && branch !== input
}

function onlyType(loader: NodeLoader | undefined): DependencyType | undefined {
  const types = new Set(loader?.models.map(({ type }) => type))
  return types.size === 1 ? [...types][0] : undefined
}

/** A selector whose model goes to a node that is not known; else the loader it goes to names it. */
function addSelected(node: GraphNode, handedOn: ReadonlySet<string>, findings: Findings): void {
  if (handedOn.has(keyOf(node, 'air')) || handedOn.has(keyOf(node, 'resources_json'))) return
  const air = literalText(node.inputs['air']) ?? ''
  for (const text of new Set([air, ...resourcesOf(node).all])) {
    const input = text === air ? 'air' : 'resources_json'
    if (text !== '') addUse({ node, input, text, type: typeOfAir(text) ?? 'other', on: true }, findings)
  }
}
