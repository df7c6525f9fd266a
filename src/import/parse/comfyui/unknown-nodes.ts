import { plainName, type UnknownNodes } from '../../claims.ts'
import type { ParseContext } from '../parser.ts'
import { readClassName } from './class-name.ts'
import { feedersOf } from './feeders.ts'
import type { Graph, GraphNode } from './graph.ts'
import { isUnknown } from './is-whole.ts'
import { followText, linkAt, literalText, MAY_BE_LOADED } from './links.ts'

/** What the nodes that nobody understands may load, as far as main models go. */
export function readUnknownNodes(graph: Graph, context: ParseContext): UnknownNodes {
  const feeders = feedersOf(graph, MAIN_INPUT)
  const names = new Set<string>()
  let mayLoadMain = false
  for (const node of graph.values()) {
    if (!isUnknown(node, context)) {
      mayLoadMain ||= isLoaderOfUnknown(node, graph)
      continue
    }
    mayLoadMain ||= !changesMain(node, graph) && (feeders.has(node) || isNamedLikeLoader(node))
    for (const name of textsOf(node, graph)) names.add(plainName(name))
  }
  names.delete('')
  return { mayLoadMain, names }
}

/** Inputs that take a main model that is loaded, alone or with what goes with it. */
const MAIN_INPUT =
  /^(?:(?:base|refiner|basic|main|diffusion|sd|sdxl|input|optional|opt)_)?(?:model|unet|pipe|pipeline)(?:_?[\da-z])?$/i

/** It gets a main model, and hands that on. */
const changesMain = ({ inputs }: GraphNode, graph: Graph): boolean =>
  Object.entries(inputs).some(([name, value]) => MAIN_INPUT.test(name) && linkAt(value, graph) !== undefined)

const MAIN = /ckpt|checkpoint|unet|diffusion/i
const LOADER = /model|load|pipe/i
const OTHER_KIND =
  /lora|lyco|hypernet|vae|clip|encoder|vision|control|embed|upscal|adapter|motion|style|image|video|audio/i

const isNamedLikeLoader = ({ className }: GraphNode): boolean =>
  MAIN.test(className) || (LOADER.test(className) && !OTHER_KIND.test(className))

/** A known loader of main models whose file is named where nobody can read it. */
const isLoaderOfUnknown = ({ className, inputs }: GraphNode, graph: Graph): boolean =>
  readClassName(className).loader?.models.some(
    ({ input, type }) =>
      (type === 'checkpoint' || type === 'diffusion_model') &&
      !MAY_BE_LOADED.has(input) &&
      Array.isArray(inputs[input]) &&
      followText(inputs[input], input, graph) === undefined,
  ) === true

/** Longer texts are prompts. */
const LONGEST_NAME = 300

/** The texts that a node holds, and those of nodes that are wired to it. */
const textsOf = ({ inputs }: GraphNode, graph: Graph): string[] =>
  Object.values(inputs)
    .flatMap((value) => [value, ...HOLDERS.map((name) => linkAt(value, graph)?.node.inputs[name])])
    .flatMap((value) => literalText(value) ?? [])
    .filter((text) => text.length <= LONGEST_NAME)

const HOLDERS = ['value', 'string', 'text']
