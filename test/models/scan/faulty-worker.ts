/** A worker that walks as the real one does, and dies over a root named `crash` or `exit`. */
import { answerCalls } from '../../../src/lib/answer-calls.ts'
import type { ScanCalls } from '../../../src/models/scan/messages.ts'
import { createWalks } from '../../../src/models/scan/walks.ts'

const walks = createWalks()

answerCalls<ScanCalls>('Walking', {
  ...walks,
  walk(input, context) {
    const path = input.roots[0]?.path
    if (path === 'exit') process.exit(3)
    if (path === 'crash') queueMicrotask(() => { throw new Error('planted') }) // biome-ignore format: short as one line
    if (path === 'throw') throw new Error('planted')
    return walks.walk(input, context)
  },
  inspect(requests) {
    const [first] = requests
    if (first?.path === 'crash') throw new Error('planted')
    return requests.map(({ path }) => ({
      path,
      state: 'ok',
      fault: undefined,
      claims: { at_once: requests.length },
      claimedTensor: undefined,
      outputName: undefined,
      baseModel: undefined,
      license: undefined,
      civitaiModelId: undefined,
      civitaiVersionId: undefined,
      sample: undefined,
    }))
  },
})
