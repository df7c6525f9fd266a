import { StringDecoder } from 'node:string_decoder'

/** Asks a question and reads the line that is typed; undefined at the end of the input. @throws the signal's reason */
export type AskLine = (question: string, signal: AbortSignal) => Promise<string | undefined>

/**
 * The terminal itself edits the line and makes a signal of Ctrl-C. What is typed for later questions is kept.
 */
export function createAskLine({ stdin, stderr }: Pick<NodeJS.Process, 'stdin' | 'stderr'>): AskLine {
  const decoder = new StringDecoder('utf8')
  let typed = ''
  let isOver = false

  /** The first line of what was typed; at the end of the input what there is of one. */
  function takeLine(): string | undefined {
    const end = typed.indexOf('\n')
    if (end === -1 && (!isOver || typed === '')) return undefined
    const line = end === -1 ? typed : typed.slice(0, end)
    typed = end === -1 ? '' : typed.slice(end + 1)
    return line.replace(/\r$/, '')
  }

  return (question, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      stderr.write(question)
      const known = takeLine()
      if (known !== undefined || isOver) return resolve(known)
      const end = (): void => {
        signal.removeEventListener('abort', onAbort)
        stdin.off('data', onData)
        stdin.off('end', onEnd)
        stdin.pause()
      }
      function onAbort(): void {
        end()
        reject(signal.reason)
      }
      function onData(chunk: Buffer | string): void {
        typed += typeof chunk === 'string' ? chunk : decoder.write(chunk)
        const line = takeLine()
        if (line === undefined) return
        end()
        resolve(line)
      }
      function onEnd(): void {
        isOver = true
        end()
        stderr.write('\n')
        resolve(takeLine())
      }
      signal.addEventListener('abort', onAbort)
      stdin.on('data', onData)
      stdin.on('end', onEnd)
      stdin.resume()
    })
}
