import { a1111Api } from './a1111-api.ts'
import { airList } from './air-list.ts'
import { civitaiImage } from './civitai-image.ts'
import { civitaiLinks } from './civitai-links.ts'
import { comfyuiGraph } from './comfyui/graph-parser.ts'
import { comfyuiWorkflow } from './comfyui/workflow-parser.ts'
import { drawThings } from './draw-things.ts'
import { easyDiffusion } from './easy-diffusion.ts'
import { fooocus } from './fooocus.ts'
import { fooocusMre } from './fooocus-mre.ts'
import { huggingfaceSpace } from './huggingface-space.ts'
import { infotext } from './infotext.ts'
import { invokeai } from './invokeai.ts'
import { loraManager } from './lora-manager.ts'
import { novelai } from './novelai.ts'
import type { PromptParser } from './parser.ts'
import { ruinedFooocus } from './ruined-fooocus.ts'
import { stabilityMatrix } from './stability-matrix.ts'
import { swarmui } from './swarmui.ts'
import { tensorArt } from './tensorart.ts'

/** Every format that is understood. Where two are equally sure of a text, the first one has it. */
export const PARSERS: readonly PromptParser[] = [
  swarmui,
  comfyuiGraph,
  comfyuiWorkflow,
  invokeai,
  stabilityMatrix,
  tensorArt,
  novelai,
  fooocus,
  fooocusMre,
  ruinedFooocus,
  easyDiffusion,
  drawThings,
  civitaiImage,
  loraManager,
  huggingfaceSpace,
  a1111Api,
  infotext,
  airList,
  civitaiLinks,
]
