import type { JsonObject } from '../../src/lib/json.ts'

export interface SseEvent {
  readonly event: string
  readonly id: string | undefined
  readonly data: JsonObject
}

/** Events of a stream until it ends or the loop is left, which closes the connection. */
export async function* readSse(url: string, headers: Record<string, string> = {}): AsyncGenerator<SseEvent> {
  const abort = new AbortController()
  const response = await fetch(url, { headers, signal: abort.signal })
  if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`)
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true })
      const blocks = text.split('\n\n')
      text = blocks.pop() ?? ''
      for (const block of blocks) {
        const fields = new Map(
          block
            .split('\n')
            .filter((line) => !line.startsWith(':'))
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()] as const),
        )
        const data = fields.get('data')
        if (data === undefined) continue
        yield { event: fields.get('event') ?? 'message', id: fields.get('id'), data: JSON.parse(data) as JsonObject }
      }
    }
  } finally {
    abort.abort()
  }
}
