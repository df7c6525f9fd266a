export interface Frame {
  readonly event?: string
  readonly id?: string
  readonly data?: unknown
  readonly comment?: string
  readonly retry?: string
}

export interface SseClient {
  readonly response: Response
  /** The next `count` events; comments are left out. Rejects where the stream ends before. */
  events(count: number): Promise<Frame[]>
  /** Whatever comes until the stream ends. */
  rest(): Promise<Frame[]>
  /** The next frame of any kind; undefined at the end. */
  next(): Promise<Frame | undefined>
  close(): void
}

/** Reads an event stream as it is, comments included. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<SseClient> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  const frames = readFrames(response)
  const next = async (): Promise<Frame | undefined> => {
    const { done, value } = await frames.next()
    return done === true ? undefined : value
  }
  return {
    response,
    next,
    async events(count) {
      const found: Frame[] = []
      while (found.length < count) {
        const frame = await next()
        if (frame === undefined) throw new Error(`the stream ended after ${JSON.stringify(found)}`)
        if (frame.event !== undefined) found.push(frame)
      }
      return found
    },
    async rest() {
      const found: Frame[] = []
      for (let frame = await next(); frame !== undefined; frame = await next()) found.push(frame)
      return found
    },
    close: () => abort.abort(),
  }
}

async function* readFrames(response: Response): AsyncGenerator<Frame> {
  if (response.body === null) return
  const decoder = new TextDecoder()
  let held = ''
  for await (const chunk of response.body) {
    held += decoder.decode(chunk, { stream: true })
    const blocks = held.split('\n\n')
    held = blocks.pop() ?? ''
    for (const block of blocks) yield parse(block)
  }
  if (held !== '') throw new Error(`the stream ended inside a frame: ${JSON.stringify(held)}`)
}

function parse(block: string): Frame {
  const frame: Record<string, unknown> = {}
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ')
    const [name, value] = [line.slice(0, colon), line.slice(colon + 2)]
    frame[name === '' ? 'comment' : name] = name === 'data' ? JSON.parse(value) : value
  }
  return frame
}
