import type { DependencyType } from '../dependency.ts'
import { hasModelExtension } from '../model-name.ts'

/** What is known of ComfyUI's nodes: which inputs hold files, and of which type. */

type Loader = readonly (readonly [input: string, type: DependencyType])[]

const numbered = (prefix: string, count: number, type: DependencyType): Loader =>
  Array.from({ length: count }, (_, index) => [`${prefix}${index + 1}`, type] as const)

/** Classes whose input names alone would mislead. All others are read by the rules below. */
const LOADERS: ReadonlyMap<string, Loader> = new Map<string, Loader>([
  ['UNETLoader', [['unet_name', 'diffusion_model']]],
  ['UnetLoaderGGUF', [['unet_name', 'diffusion_model']]],
  ['UnetLoaderGGUFAdvanced', [['unet_name', 'diffusion_model']]],
  ['LoaderGGUF', [['gguf_name', 'diffusion_model']]],
  ['LoaderGGUFAdvanced', [['gguf_name', 'diffusion_model']]],
  ['DiffusionModelLoaderKJ', [['model_name', 'diffusion_model']]],
  ['GGUFLoaderKJ', [['model_name', 'diffusion_model']]],
  ['NunchakuFluxDiTLoader', [['model_path', 'diffusion_model']]],
  ['NunchakuQwenImageDiTLoader', [['model_name', 'diffusion_model']]],
  ['NunchakuZImageDiTLoader', [['model_name', 'diffusion_model']]],
  ['WanVideoModelLoader', [['model', 'diffusion_model']]],
  ['CLIPLoader', [['clip_name', 'text_encoder']]],
  ['CLIPLoaderGGUF', [['clip_name', 'text_encoder']]],
  ['DualCLIPLoader', numbered('clip_name', 2, 'text_encoder')],
  ['DualCLIPLoaderGGUF', numbered('clip_name', 2, 'text_encoder')],
  ['TripleCLIPLoader', numbered('clip_name', 3, 'text_encoder')],
  ['TripleCLIPLoaderGGUF', numbered('clip_name', 3, 'text_encoder')],
  ['QuadrupleCLIPLoader', numbered('clip_name', 4, 'text_encoder')],
  ['QuadrupleCLIPLoaderGGUF', numbered('clip_name', 4, 'text_encoder')],
  ['LoadWanVideoT5TextEncoder', [['model_name', 'text_encoder']]],
  ['LoadWanVideoClipTextEncoder', [['model_name', 'text_encoder']]],
  ['CLIPVisionLoader', [['clip_name', 'clip_vision']]],
  ['WanVideoVAELoader', [['model_name', 'vae']]],
  ['UpscaleModelLoader', [['model_name', 'upscaler']]],
  ['StyleModelLoader', [['style_model_name', 'style_model']]],
  ['IPAdapterModelLoader', [['ipadapter_file', 'ipadapter']]],
  ['ADE_LoadAnimateDiffModel', [['model_name', 'motion_module']]],
  ['ADE_AnimateDiffLoaderGen1', [['model_name', 'motion_module']]],
  ['ADE_AnimateDiffLoaderWithContext', [['model_name', 'motion_module']]],
  ['UltralyticsDetectorProvider', [['model_name', 'detector']]],
  ['SAMLoader', [['model_name', 'detector']]],
  ['ONNXDetectorProvider', [['model_name', 'detector']]],
  ['HypernetworkLoader', [['hypernetwork_name', 'hypernetwork']]],
])

/** VAEs that ComfyUI makes up of its own small parts. */
export const BUILT_IN_VAES = new Set(['taesd', 'taesdxl', 'taesd3', 'taef1', 'pixel_space'])

/** Input names that hold a model file in any node, with or without an extension in the value. */
const BY_INPUT: readonly (readonly [RegExp, DependencyType])[] = [
  [/^(?:\w+_)?ckpt_name$/, 'checkpoint'],
  [/^lora_name(?:_\d+)?$/, 'lora'],
  [/^vae_name$/, 'vae'],
  [/^control_?net_name$/, 'controlnet'],
  [/^embedding(?:_name)?$/, 'embedding'],
]

/** For values that end like a model file: the type that the input's name, else the node's, suggests. */
const BY_WORD: readonly (readonly [RegExp, DependencyType])[] = [
  [/lora/i, 'lora'],
  [/vae/i, 'vae'],
  [/clip_?vision/i, 'clip_vision'],
  [/ip_?adapter|instantid|pulid/i, 'ipadapter'],
  [/control_?net/i, 'controlnet'],
  [/clip|text_?encoder|t5/i, 'text_encoder'],
  [/upscale/i, 'upscaler'],
  [/ckpt|checkpoint/i, 'checkpoint'],
  [/motion|animatediff/i, 'motion_module'],
  [/sam|yolo|bbox|segm|detector/i, 'detector'],
  [/unet|diffusion|gguf/i, 'diffusion_model'],
  [/hypernet/i, 'hypernetwork'],
  [/style_?model/i, 'style_model'],
  [/embedding/i, 'embedding'],
]

/** Whether a node only writes names into a file: what it says is a claim and not what is loaded. */
export const isSaver = (className: string): boolean =>
  /save|preview|loadimage/i.test(className) && !/loader|selector/i.test(className)

/** The type of model that `value` names at an input of a node; undefined where it names none. */
export function modelTypeAt(className: string, input: string, value: string): DependencyType | undefined {
  const loader = LOADERS.get(className)
  const own = loader?.find(([name]) => name === input)?.[1]
  if (own !== undefined) return own
  if (isSaver(className)) return undefined
  const named = BY_INPUT.find(([pattern]) => pattern.test(input))?.[1]
  if (named !== undefined) return named
  return hasModelExtension(value) ? typeByWords(input, className) : undefined
}

/** The type of a model file whose input is not known, only its node. */
export const typeByWords = (...words: readonly string[]): DependencyType => {
  for (const word of words) {
    const found = BY_WORD.find(([pattern]) => pattern.test(word))?.[1]
    if (found !== undefined) return found
  }
  return 'other'
}

/** The one type that a loader of this class loads; undefined for classes that are not known or load several. */
export function onlyTypeOf(className: string): DependencyType | undefined {
  const types = new Set(LOADERS.get(className)?.map(([, type]) => type))
  return types.size === 1 ? [...types][0] : undefined
}
