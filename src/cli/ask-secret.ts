import { StringDecoder } from 'node:string_decoder'
import { AppError } from '../errors.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const BACKSPACE = new Set(['\u007f', '\b'])

/** Reads one line from the terminal without showing it. @throws AppError cancelled on Ctrl-C; the signal's reason */
export function askSecret(
  { stdin, stderr }: Pick<NodeJS.Process, 'stdin' | 'stderr'>,
  question: string,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    let typed: string[] = []
    const decoder = new StringDecoder('utf8')
    const end = (): void => {
      signal.removeEventListener('abort', onAbort)
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
    }
    function onAbort(): void {
      end()
      reject(signal.reason)
    }
    function onData(chunk: Buffer): void {
      for (const letter of decoder.write(chunk)) {
        if (letter === CTRL_C) {
          end()
          reject(new AppError('cancelled', 'Nothing was entered'))
          return
        }
        if (letter === '\r' || letter === '\n' || letter === CTRL_D) {
          end()
          resolve(typed.join(''))
          return
        }
        if (BACKSPACE.has(letter)) typed = typed.slice(0, -1)
        else typed.push(letter)
      }
    }
    // Before the question: what is typed at once must not be shown, and Ctrl-C is a key like any other.
    stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.resume()
    signal.addEventListener('abort', onAbort)
    stderr.write(question)
  })
}
