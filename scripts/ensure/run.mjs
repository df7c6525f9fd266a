import { spawn } from 'node:child_process'
import { releaseLock } from './lock.mjs'

/** Ends its child when it is ended itself, so that a TERM to npm leaves neither npm ci nor a lock behind. */
export function runIn(cwd, command, ...args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let endedBy
    const end = (signal) => {
      endedBy = signal
      child.kill('SIGTERM')
    }
    const finish = (code, text) => {
      process.off('SIGINT', end).off('SIGTERM', end).off('SIGHUP', end)
      if (endedBy) {
        releaseLock()
        process.kill(process.pid, endedBy)
      } else resolve({ code, output: output + text })
    }
    process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end)
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('error', (error) => finish(1, error.message))
    child.on('close', (code) => finish(code ?? 1, ''))
  })
}
