import type { Mention } from './mention.ts'

/** How strongly a network is applied; the two parts are told where they differ from the weight. */
export type Strengths = Pick<Mention, 'weight' | 'unetWeight' | 'clipWeight'>

/** `weight` is the one that stands for both, `model` and `clip` those of the main model and of its text encoder. */
export const strengthsOf = (weight: number, model = weight, clip = weight): Strengths => ({
  weight,
  ...(model === weight ? {} : { unetWeight: model }),
  ...(clip === weight ? {} : { clipWeight: clip }),
})

/** Of two that are written apart, that on the main model first; nothing where neither is known. */
export function bothStrengths(model: number | undefined, clip: number | undefined): Strengths {
  const weight = model ?? clip
  return weight === undefined ? {} : strengthsOf(weight, model, clip)
}

/** Whether it does nothing at all. */
export const isZero = ({ weight = 0, unetWeight = 0, clipWeight = 0 }: Strengths): boolean =>
  weight === 0 && unetWeight === 0 && clipWeight === 0

/** For sentences: `0.8`, `0.8, on the text encoder 0.5`. */
export function strengthsInWords({ weight, unetWeight, clipWeight }: Strengths): string {
  const model = unetWeight === undefined ? '' : `, on the main model ${unetWeight}`
  return `${weight}${model}${clipWeight === undefined ? '' : `, on the text encoder ${clipWeight}`}`
}
