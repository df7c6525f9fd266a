import { answerCalls } from '../../lib/answer-calls.ts'
import { toSentError } from '../../lib/sent-error.ts'
import type { NodeCatalog } from '../parse/comfyui/node-catalog.ts'
import { readObjectInfo, toNodeCatalog } from '../parse/comfyui/object-info.ts'
import type { ReadCalls, ReadOutcome } from './messages.ts'
import { readPrompt } from './read-prompt.ts'

/** Entry point of the threads that read prompts: reading files and parsing hold up nobody but themselves. */
const TITLE = 'Reading prompts'

let comfyNodes: NodeCatalog | undefined

answerCalls<ReadCalls>(TITLE, {
  read: ({ requests, limits }) => {
    const outcomes = requests.map((request): ReadOutcome => {
      try {
        return { reading: readPrompt(request, limits, { comfyNodes }) }
      } catch (error) {
        return { error: toSentError(error, TITLE) }
      }
    })
    return JSON.stringify(outcomes)
  },
  useNodes(data) {
    comfyNodes = data === undefined ? undefined : toNodeCatalog(data)
    return null
  },
  readObjectInfo: (text) => readObjectInfo(text),
})
