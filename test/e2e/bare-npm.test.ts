import { afterEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
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

/** `npm start` in a terminal, on a free port and with a data directory of its own, once it says that it listens. */
async function npmStart() {
  const folder = mkdtempSync(join(tmpdir(), 'airkeep-bare-npm-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const serveFile = join(folder, 'data/serve.json')
  const ready = Promise.withResolvers<number>()
  const decoder = new TextDecoder()
  let printed = ''
  const npm = Bun.spawn(['npm', 'start', '--', '--port', '0', '--data', join(folder, 'data')], {
    cwd: projectDir,
    // Made by spawn, not by hand: Bun 1.4.5 makes only such a one the controlling terminal, where Ctrl-C is a signal.
    terminal: {
      data(_terminal, bytes) {
        printed += decoder.decode(bytes, { stream: true })
        const port = /^airkeep listening on http:\/\/127\.0\.0\.1:(\d+)\r?\n/m.exec(printed)?.[1]
        if (port !== undefined) ready.resolve(Number(port))
      },
    },
    onExit: (_npm, code) => ready.reject(new Error(`npm start ended with ${code} and printed ${printed}`)),
  })
  cleanups.push(() => npm.terminal?.close())
  cleanups.push(() => npm.kill('SIGKILL'))
  const port = await ready.promise
  const children = descendantsOf(npm.pid)
  cleanups.push(() => {
    for (const pid of stillRunning(children)) process.kill(pid, 'SIGKILL')
  })
  return { npm, port, children, serveFile }
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

type Started = Awaited<ReturnType<typeof npmStart>>

test.skipIf(!needs('npm')).each<[name: string, end: (started: Started) => void]>([
  ['TERM to npm', ({ npm }) => npm.kill('SIGTERM')],
  ['INT to npm', ({ npm }) => npm.kill('SIGINT')],
  // The server gets it twice within a millisecond, from the terminal and from npm; that is not "a second time: now".
  ['Ctrl-C in the terminal', ({ npm }) => npm.terminal?.write('\x03')],
])(
  '%s ends the server, in good order',
  async (_name, end) => {
    const started = await npmStart()
    const { npm, port, children, serveFile } = started
    expect(await connectTo(port)).toBe('open')
    expect(children.length).toBeGreaterThan(0)
    expect(existsSync(serveFile)).toBe(true)

    end(started)
    expect(await npm.exited).toBe(0)
    expect(await connectTo(port)).toBe('ECONNREFUSED')
    expect(stillRunning(children)).toEqual([])
    expect(existsSync(serveFile)).toBe(false)
  },
  60_000, // the first of them may have to build
)
