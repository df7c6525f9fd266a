/** Entry point of the workers that read model folders and the heads of model files: both with synchronous calls. */
import { answerCalls } from '../../lib/answer-calls.ts'
import { inspectFile } from '../inspect/inspect-file.ts'
import type { Inspected, InspectRequest } from '../inspect/inspection.ts'
import type { ScanCalls } from './messages.ts'
import { createWalks } from './walks.ts'

/** Whatever is in a file, the others are told: it alone counts as not readable. */
function inspectOrTell(request: InspectRequest): Inspected {
  try {
    return inspectFile(request)
  } catch (error) {
    return {
      path: request.path,
      state: 'unreadable',
      fault: `Reading what the file says of itself failed: ${error instanceof Error ? error.message : String(error)}`,
      claims: {},
      claimedTensor: undefined,
      outputName: undefined,
      baseModel: undefined,
      license: undefined,
      civitaiModelId: undefined,
      civitaiVersionId: undefined,
      sample: undefined,
    }
  }
}

answerCalls<ScanCalls>('Reading model folders', {
  ...createWalks(),
  inspect: (requests) => requests.map(inspectOrTell),
})
