import { type Generation, toGeneration, toNumber, toSize } from '../../generation.ts'
import { fieldOf, textOf } from '../json.ts'

/** How the picture was made, by its parameters; older files have the sampler under the name of the backend. */
export function readGeneration(params: unknown): Generation {
  const param = (...names: string[]): unknown =>
    names.map((name) => fieldOf(params, name)).find((value) => value !== undefined)
  const stopAt = toNumber(param('clipstopatlayer'))
  const width = toNumber(param('width'))
  const stretch = toNumber(param('altresolutionheightmultiplier'))
  return toGeneration({
    prompt: param('prompt'),
    negative_prompt: param('negativeprompt'),
    seed: param('seed'),
    steps: param('steps'),
    sampler: param('sampler', 'comfyuisampler'),
    scheduler: param('scheduler', 'comfyuischeduler'),
    cfg_scale: param('cfgscale'),
    width,
    height: width !== undefined && stretch !== undefined ? Math.floor(width * stretch) : param('height'),
    ...toSize(textOf(param('rawresolution'))),
    clip_skip: stopAt === undefined ? undefined : Math.abs(stopAt),
    software: 'SwarmUI',
    version: param('swarm_version'),
  })
}
