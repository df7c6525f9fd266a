import { a1111Api } from './a1111-api.ts'
import { comfyuiGraph } from './comfyui-graph.ts'
import { comfyuiWorkflow } from './comfyui-workflow.ts'
import { infotext } from './infotext.ts'
import type { PromptParser } from './parser.ts'
import { swarmui } from './swarmui.ts'

/** Every format that is understood. Where two are equally sure of a text, the first one has it. */
export const PARSERS: readonly PromptParser[] = [swarmui, comfyuiGraph, comfyuiWorkflow, a1111Api, infotext]
