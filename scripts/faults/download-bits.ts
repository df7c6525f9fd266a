import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Conduct, FileRequest } from '../../test/support/file-server.ts'
import { startDownload } from './download-run.ts'
import {
  type CaseReport,
  emptyFolder,
  MIB,
  mib,
  serveFile,
  type TestFile,
  taskOf,
  testFile,
  wrongUnderName,
} from './download-scene.ts'

const FILE_BYTES = 16 * MIB
const RATE = 8 * MIB

/** Answers of the right size with a bit the other way. */
export async function flippedBits(folder: string): Promise<readonly CaseReport[]> {
  const file = testFile(6, FILE_BYTES)
  const target = (name: string): string => {
    const path = join(folder, name, 'model.safetensors')
    emptyFolder(dirname(path))
    return path
  }
  return [
    await flippedForEver(file, target('flipped')),
    await flippedOnce(file, target('flipped-once')),
    await oneLiar(file, target('one-liar')),
  ]
}

/** The file with one bit the other way, of the same size. */
function flipped(file: TestFile): Buffer {
  const bytes = Buffer.from(file.bytes)
  const at = Math.floor(bytes.length * 0.7)
  bytes[at] = (bytes[at] ?? 0) ^ 0x10
  return bytes
}

async function flippedForEver(file: TestFile, target: string): Promise<CaseReport> {
  const wrong = flipped(file)
  const server = await serveFile(file, () => ({ file: wrong }))
  try {
    const outcome = await startDownload(taskOf(file, target, [server.url])).ended
    const deviations = wrongUnderName(target, file)
    if (outcome?.code !== 'checksum_mismatch') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    if (!outcome?.message.includes(file.sha256)) deviations.push('the error does not name the digest that was wanted')
    const digests = outcome?.message.match(/[0-9a-f]{64}/g)?.length ?? 0
    if (digests < 2) deviations.push(`the error names ${digests} digests: ${outcome?.message}`)
    if (await Bun.file(target).exists()) deviations.push('something has the final name')
    const left = readdirSync(dirname(target)).sort().join(', ')
    if (left !== '.airkeep-quarantine') deviations.push(`there is left: ${left}`)
    const times = server.sentBytes() / FILE_BYTES
    if (times > 2.2) deviations.push(`it was fetched ${times.toFixed(1)} times`)
    const figures = `${outcome?.code} after ${times.toFixed(2)} fetches, in quarantine, nothing under the final name`
    return { name: 'one flipped bit, every time', figures, deviations }
  } finally {
    await server.close()
  }
}

async function flippedOnce(file: TestFile, target: string): Promise<CaseReport> {
  const wrong = flipped(file)
  let sent = 0
  const conduct = ({ begin = 0, end = FILE_BYTES }: FileRequest): Conduct => {
    const first = sent < FILE_BYTES
    sent += end - begin
    return first ? { file: wrong } : {}
  }
  const server = await serveFile(file, conduct)
  try {
    const outcome = await startDownload(taskOf(file, target, [server.url])).ended
    const deviations = wrongUnderName(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    const times = (server.sentBytes() / FILE_BYTES).toFixed(2)
    return { name: 'one flipped bit, once', figures: `${outcome?.code} after ${times} fetches`, deviations }
  } finally {
    await server.close()
  }
}

async function oneLiar(file: TestFile, target: string): Promise<CaseReport> {
  const wrong = flipped(file)
  const liar = await serveFile(file, () => ({ file: wrong, bytesPerSecond: RATE }))
  const honest = await serveFile(file, () => ({ bytesPerSecond: RATE }))
  try {
    const outcome = await startDownload(taskOf(file, target, [honest.url, liar.url])).ended
    const deviations = wrongUnderName(target, file)
    if (outcome?.code !== 'ok') deviations.push(`it ended with ${outcome?.code} ${outcome?.message}`)
    const sent = `${mib(honest.sentBytes())} from the honest one, ${mib(liar.sentBytes())} from the other`
    return { name: 'one of two sources with a flipped bit', figures: `${outcome?.code}, ${sent}`, deviations }
  } finally {
    await Promise.all([liar.close(), honest.close()])
  }
}
