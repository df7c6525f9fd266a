/**
 * Downloads as a server would, in a process that lives on: each line of its input is a task as JSON, each line of its
 * output what came of it.
 */
import { createInterface } from 'node:readline'
import { parseSha256 } from '../../src/hash/digest.ts'
import type { DownloadTask } from './downloader.ts'
import { createEngine, sourceOf } from './engine.ts'

const fetchFile = createEngine()

for await (const line of createInterface({ input: process.stdin })) {
  const { urls, target, sha256, sizeBytes } = JSON.parse(line) as DownloadTask
  const began = performance.now()
  let mostConnections = 0
  const { hashedBy } = await fetchFile({
    target,
    sources: urls.map(sourceOf),
    expected: { sha256: parseSha256(sha256), sizeBytes },
    signal: new AbortController().signal,
    onProgress: ({ connections }) => {
      mostConnections = Math.max(mostConnections, connections)
    },
  })
  const seconds = (performance.now() - began) / 1000
  process.stdout.write(`${JSON.stringify({ seconds, hashedBy, mostConnections })}\n`)
}
