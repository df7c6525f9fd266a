import { a1111Api } from './a1111-api.ts'
import { comfyuiGraph } from './comfyui/graph-parser.ts'
import { comfyuiWorkflow } from './comfyui/workflow-parser.ts'
import { easyDiffusion } from './easy-diffusion.ts'
import { fooocus } from './fooocus.ts'
import { fooocusMre } from './fooocus-mre.ts'
import { huggingfaceSpace } from './huggingface-space.ts'
import { infotext } from './infotext.ts'
import { invokeai } from './invokeai.ts'
import type { PromptParser } from './parser.ts'
import { ruinedFooocus } from './ruined-fooocus.ts'
import { stabilityMatrix } from './stability-matrix.ts'
import { swarmui } from './swarmui.ts'

/** Every format that is understood. Where two are equally sure of a text, the first one has it. */
export const PARSERS: readonly PromptParser[] = [
  swarmui,
  comfyuiGraph,
  comfyuiWorkflow,
  invokeai,
  stabilityMatrix,
  fooocus,
  fooocusMre,
  ruinedFooocus,
  easyDiffusion,
  huggingfaceSpace,
  a1111Api,
  infotext,
]
