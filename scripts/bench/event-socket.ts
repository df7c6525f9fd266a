export interface Delivery {
  /** Of a state change; progress has none. */
  readonly id: number | undefined
  /** What tells one event from another. */
  readonly data: string
  readonly atMs: number
}

/** What a subscriber of one job asks for. */
export const eventsRequest = (port: number, jobId: string): string =>
  `GET /v1/models/events?job_id=${jobId} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`

/** A bare socket: a full client for each would need more of the machine than the server that is measured. */
export function subscribe(port: number, jobId: string, onOpen: () => void, onEvent: (delivery: Delivery) => void) {
  let text = ''
  let open = false
  return Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open(socket) {
        socket.write(eventsRequest(port, jobId))
      },
      data(_socket, chunk) {
        const atMs = performance.timeOrigin + performance.now()
        text += chunk.toString('latin1')
        if (!open && text.includes(': connected')) {
          open = true
          onOpen()
        }
        const end = text.lastIndexOf('\n\n')
        if (end < 0) return
        for (const [, id, said = ''] of text.slice(0, end + 1).matchAll(/(?:id: (\d+)\n)?event: job\ndata: (.*)\n/g)) {
          onEvent({ id: id === undefined ? undefined : Number(id), data: said, atMs })
        }
        text = text.slice(end + 2)
      },
    },
  })
}
