import { AppError } from '../errors.ts'

const CTRL_C = '\u0003'
const CTRL_D = '\u0004'
const BACKSPACE = new Set(['\u007f', '\b'])

/** Reads one line from the terminal without showing it. @throws AppError cancelled on Ctrl-C */
export function askSecret(
  { stdin, stderr }: Pick<NodeJS.Process, 'stdin' | 'stderr'>,
  question: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed: string[] = []
    const end = (): void => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
    }
    function onData(chunk: Buffer): void {
      for (const letter of chunk.toString('utf8')) {
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
    stderr.write(question)
    stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.resume()
  })
}
