/** One event of a stream of server-sent events. */
export interface SseEvent {
  readonly event: string
  readonly data: string
  /** Undefined where the event has none of its own. */
  readonly id: string | undefined
}

/** Longest event that is kept in memory. */
const MAX_EVENT_CHARS = 64 * 2 ** 20

/**
 * The events in a `text/event-stream`; comments are left out, an event that the stream's end cuts off too.
 * @param onBytes called for whatever comes, comments included: the server lives
 */
export async function* parseSse(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: () => void = () => {},
): AsyncIterable<SseEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let event = ''
  let data: string[] = []
  let id: string | undefined
  for await (const chunk of chunks) {
    onBytes()
    rest += decoder.decode(chunk, { stream: true })
    if (rest.length > MAX_EVENT_CHARS) throw new Error('an event of the stream is too long')
    // A line may end with CR alone; one at the end of the chunk may still be half of CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n'), id }
        event = ''
        data = []
        id = undefined
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue
      const name = colon === -1 ? line : line.slice(0, colon)
      const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (name === 'data') data.push(value)
      else if (name === 'event') event = value
      else if (name === 'id' && !value.includes('\0')) id = value
    }
  }
}
