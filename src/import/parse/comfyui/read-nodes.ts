import type { Findings } from '../../mention.ts'
import type { ParseContext } from '../parser.ts'
import { resourcesOf } from './civitai-selector.ts'
import { type ClassName, readClassName } from './class-name.ts'
import { addEmbeddings } from './embeddings.ts'
import type { Graph, GraphNode } from './graph.ts'
import { branchOf, literalText, type Step } from './links.ts'
import { addUse, type ModelUse, typeOfAir } from './model-use.ts'
import { addPreset, isPresetLoader } from './presets.ts'
import { readLoader } from './read-loader.ts'
import { addNameless, warnOfNameless } from './read-nameless.ts'
import { addClaims, claimSteps } from './read-saver.ts'
import { readSlots } from './read-slots.ts'
import { addLoraTags } from './read-tags.ts'
import { type Hints, isNameless, readUnknown } from './read-unknown.ts'

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
  const savers: GraphNode[] = []
  const others: Known[] = []
  const handedOn = new Set<string>()
  for (const node of graph.values()) {
    const ofClass = readClassName(node.className)
    if (!ofClass.mayName) continue
    const known = ofClass.isSaver ? undefined : prepare(node, ofClass, graph, findings)
    if (known === undefined) savers.push(node)
    else others.push(known)
    for (const step of known?.steps ?? claimSteps(node, graph)) handedOn.add(keyOf(step.node, step.input))
  }
  for (const known of others) {
    const own = notRun.has(known.node.id) ? asNotRun(findings) : findings
    for (const use of known.uses) addUse(use, own)
    addRest(known, { graph, context, handedOn }, own)
  }
  for (const node of savers) addClaims(node, graph, notRun.has(node.id) ? asNotRun(findings) : findings)
}

const NOT_RUN = 'The graph never uses it: nothing leads from it to an output'

const asNotRun = (findings: Findings): Findings => ({
  ...findings,
  add: (mention) => findings.add({ ...mention, active: false, skip: mention.skip ?? NOT_RUN }),
})

const keyOf = (node: GraphNode, input: string): string => `${node.id}\n${input}`

interface Known {
  readonly node: GraphNode
  readonly ofClass: ClassName
  readonly uses: readonly ModelUse[]
  /** The inputs of other nodes that it is told names by. */
  readonly steps: readonly Step[]
}

function prepare(node: GraphNode, ofClass: ClassName, graph: Graph, findings: Findings): Known {
  const uses: ModelUse[] = []
  const steps: Step[] = []
  if (ofClass.loader !== undefined) {
    for (const found of readLoader(node, ofClass.loader, graph, findings)) {
      uses.push(found.use)
      steps.push(...found.steps)
    }
  }
  for (const use of readSlots(node)) uses.push(use)
  return { node, ofClass, uses, steps }
}

interface Surroundings {
  readonly graph: Graph
  readonly context: ParseContext
  /** Inputs whose names other nodes load: they name nothing on their own. */
  readonly handedOn: ReadonlySet<string>
}

/** Whatever the table of loaders does not know of a node. */
function addRest({ node, ofClass, uses }: Known, { graph, context, handedOn }: Surroundings, findings: Findings): void {
  const { loader, onlyType: only } = ofClass
  const before = findings.mentions.length
  if (loader !== undefined) addLoraTags(node, loader, graph, findings)
  if (isPresetLoader(node.className)) addPreset(node, graph, findings)
  if (node.className === 'CivitaiModelSelector') {
    addSelected(node, handedOn, findings)
    return
  }
  const read = new Set<string>()
  for (const { input } of uses) read.add(input)
  const hints: Hints = { nodeClass: context.comfyNodes?.classes.get(node.className), only }
  for (const input of Object.keys(node.inputs)) {
    if (read.has(input) || isPassedOver(node, input)) continue
    const isHandedOn = handedOn.size > 0 && handedOn.has(keyOf(node, input))
    const use = isHandedOn ? undefined : readUnknown(node, input, graph, hints)
    const text = use === undefined ? literalText(node.inputs[input]) : undefined
    if (use !== undefined) addUse(use, findings)
    else if (text !== undefined) addTexts(node, input, text, findings)
  }
  if (uses.length === 0 && findings.mentions.length === before) warnOfNameless(node, loader, findings)
}

function addTexts(node: GraphNode, input: string, text: string, findings: Findings): void {
  addEmbeddings(node, input, text, findings)
  if (isNameless(input)) addNameless(node, input, text, findings)
}

/** The template of a text that was made of it, and the way that a switch does not let through. */
function isPassedOver(node: GraphNode, input: string): boolean {
  if (input === 'wildcard_text') return Object.hasOwn(node.inputs, 'populated_text')
  const branch = input === 'on_true' || input === 'on_false' ? branchOf(node) : undefined
  return branch !== undefined && branch !== input
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
