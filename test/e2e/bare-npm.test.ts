import { afterEach, expect, test } from 'bun:test'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { descendantsOf, stillRunning } from '../support/processes.ts'
import { projectDir } from '../support/project-files.ts'
import { needs } from '../support/requires.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup()
})

/** `npm start` on a free port with a data directory of its own, once it says that it listens. */
async function npmStart() {
  const folder = mkdtempSync(join(tmpdir(), 'airkeep-bare-npm-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const logPath = join(folder, 'stderr')
  const log = openSync(logPath, 'w')
  const npm = Bun.spawn(['npm', 'start', '--', '--port', '0', '--data', join(folder, 'data')], {
    cwd: projectDir,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: log,
  })
  closeSync(log)
  cleanups.push(() => npm.kill('SIGKILL'))
  const port = await portOfReadyLine(npm.stdout)
  if (port === undefined) {
    throw new Error(`npm start ended with ${await npm.exited}:\n${readFileSync(logPath, 'utf8')}`)
  }
  const children = descendantsOf(npm.pid)
  cleanups.push(() => {
    for (const pid of stillRunning(children)) process.kill(pid, 'SIGKILL')
  })
  return { npm, port, children }
}

/** Leaves the stream open, so that the server never writes into a closed pipe. Undefined when it ends first. */
async function portOfReadyLine(stdout: ReadableStream<Uint8Array>): Promise<number | undefined> {
  const reader = stdout.getReader()
  const decoder = new TextDecoder()
  let printed = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return undefined
    printed += decoder.decode(value, { stream: true })
    const port = /^airkeep listening on http:\/\/127\.0\.0\.1:(\d+)\n/m.exec(printed)?.[1]
    if (port !== undefined) return Number(port)
  }
}

/** `open`, or the code of the error that connecting gave. */
function connectTo(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('connect', () => {
      socket.destroy()
      resolve('open')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
}

test.skipIf(!needs('npm')).each(['SIGTERM', 'SIGINT'] as const)(
  'ending npm with %s ends the server',
  async (signal) => {
    const { npm, port, children } = await npmStart()
    expect(await connectTo(port)).toBe('open')
    expect(children.length).toBeGreaterThan(0)

    npm.kill(signal)
    await npm.exited
    expect(await connectTo(port)).toBe('ECONNREFUSED')
    expect(stillRunning(children)).toEqual([])
  },
  60_000, // the first of them may have to build
)
