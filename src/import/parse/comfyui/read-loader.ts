import { toNumber } from '../../generation.ts'
import type { Findings } from '../../mention.ts'
import { fieldOf } from '../json.ts'
import type { Graph, GraphNode } from './graph.ts'
import { type Followed, followNumber, followScalar, followText, linkAt, MAY_BE_LOADED, type Step } from './links.ts'
import type { ModelInput, NodeLoader } from './loaders/loader.ts'
import type { ModelUse } from './model-use.ts'
import { inputPlace } from './place.ts'
import { whyOff } from './why-off.ts'

/** A use of a model, and the inputs of other nodes that its name came through. */
export interface FollowedUse {
  readonly use: ModelUse
  readonly steps: readonly Step[]
}

const NOT_NAMED = 'its model is named by another node in a way that is not understood'

/** The models that a node of a known class names. */
export function readLoader(node: GraphNode, loader: NodeLoader, graph: Graph, findings: Findings): FollowedUse[] {
  return [
    ...loader.models.flatMap((input) => readInput(node, input, graph, findings)),
    ...(loader.lists === undefined ? [] : readLists(node, loader.lists, graph)),
  ]
}

function readInput(node: GraphNode, model: ModelInput, graph: Graph, findings: Findings): FollowedUse[] {
  const held = fieldOf(node.inputs, model.input)
  const name = followText(held, model.input, graph)
  if (name === undefined) {
    const isNameless = linkAt(held, graph) !== undefined && !MAY_BE_LOADED.has(model.input)
    if (isNameless) findings.warn(inputPlace(node, model.input), NOT_NAMED)
    return []
  }
  const strengths = readStrengths(node, strengthsOf(node, model, graph), graph)
  const off = whyOff(node, model.switches, graph)
  return [
    {
      steps: name.steps,
      use: {
        node,
        input: model.input,
        text: name.value,
        type: model.type,
        folder: model.folder,
        weight: strengths.weight,
        clipWeight: strengths.clipWeight,
        on: off === undefined && !strengths.isZero,
        off,
        optional: model.fetched,
        urls: model.repository === undefined ? undefined : repositoryUrls(name.value),
        places: placesOf(name),
      },
    },
  ]
}

export const placesOf = ({ steps }: Followed<unknown>): string[] =>
  steps.length === 0 ? [] : steps.slice(-1).map(({ node, input }) => inputPlace(node, input))

const repositoryUrls = (name: string): string[] =>
  /^[\w-][\w.-]{0,95}\/[\w-][\w.-]{0,95}$/.test(name) ? [`https://huggingface.co/${name}`] : []

function strengthsOf(node: GraphNode, { strengths = [], advanced }: ModelInput, graph: Graph): readonly string[] {
  if (advanced === undefined) return strengths
  const mode = followScalar(fieldOf(node.inputs, advanced.input), advanced.input, graph)
  return mode === 'advanced' ? advanced.strengths : strengths
}

/** The first strength is the weight, another one the text encoder's; only where all are known to be 0 nothing is loaded. */
function readStrengths(
  node: GraphNode,
  inputs: readonly string[],
  graph: Graph,
): { weight: number | undefined; clipWeight: number | undefined; isZero: boolean } {
  const present = inputs.filter((input) => fieldOf(node.inputs, input) !== undefined)
  const values = present.map((input) => followNumber(fieldOf(node.inputs, input), input, graph))
  const isZero = present.length > 0 && values.every((value) => value === 0)
  return { weight: values.find((value) => value !== undefined), clipWeight: values[1], isZero }
}

const MOST_NAMES = 1000

/** SwarmUI's own loader: names and weights, each a list with commas. */
function readLists(node: GraphNode, lists: { names: string; weights: string }, graph: Graph): FollowedUse[] {
  const names = followText(fieldOf(node.inputs, lists.names), lists.names, graph)
  const weights = followText(fieldOf(node.inputs, lists.weights), lists.weights, graph)
  const numbers = (weights?.value ?? '').split(',', MOST_NAMES).map(toNumber)
  return (names?.value ?? '').split(',', MOST_NAMES).flatMap((text, at): FollowedUse[] => {
    const weight = numbers[at]
    if (text.trim() === '') return []
    return [{ steps: [], use: { node, input: lists.names, text, type: 'lora', weight, on: weight !== 0 } }]
  })
}
