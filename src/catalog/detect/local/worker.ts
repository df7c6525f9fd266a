import { answerCalls } from '../../../lib/answer-calls.ts'
import { createFolderCache } from './folder-cache.ts'
import { faultOfHead } from './head.ts'
import { look } from './look.ts'
import type { LookCalls } from './messages.ts'

/** Entry point of the thread that looks through folders: what it listed stays with it. */
const cache = createFolderCache()
answerCalls<LookCalls>('Looking for files of a catalog', {
  look: (request) => look(request, cache),
  heads: (files) => files.map(faultOfHead),
})
