import { AppError } from '../../errors.ts'
import { createPace, type Pace } from './pace.ts'

/** The place that one transfer takes among those of its client. */
export interface Slot {
  /** What is read and sent at a time, so that all transfers of a client get their share of its bandwidth. */
  readonly pieceBytes: number
  /** Milliseconds to wait until so many further bytes may go. */
  reserve(bytes: number): number
  /** What is done when the slot is given back; what came last, first. */
  onRelease(action: () => void): void
  /** Gives the slot back as soon as this is seen to hold: for runtimes that do not say when an answer has gone out. */
  releaseWhen(isOver: () => boolean): void
  /** May be called again. */
  release(): void
}

export interface ClientLimits {
  /** @throws AppError rate_limited where the client has as many as it may */
  enter(client: string): Slot
  /** Transfers under way, of all clients. */
  readonly open: number
}

export interface ClientLimitsOptions {
  /** Transfers of one client at once; 0 is no limit. */
  readonly connections: number
  /** Over all of a client's transfers; 0 is no limit. */
  readonly bytesPerSecond: number
  readonly now?: () => number
}

interface Client {
  readonly slots: Set<WatchedSlot>
  readonly pace: Pace
}

interface WatchedSlot extends Slot {
  isOver: (() => boolean) | undefined
}

const MAX_PIECE_BYTES = 2 ** 20
const MIN_PIECE_BYTES = 2 ** 10

/** How often transfers are looked at that do not tell of their end; a client at its limit looks at once. */
const LOOK_MS = 250

export function createClientLimits(options: ClientLimitsOptions): ClientLimits {
  const { connections, bytesPerSecond, now = () => performance.now() } = options
  const pieceBytes =
    bytesPerSecond === 0 ? MAX_PIECE_BYTES : clamp(Math.floor(bytesPerSecond / 16), MIN_PIECE_BYTES, MAX_PIECE_BYTES)
  const clients = new Map<string, Client>()
  let open = 0
  let looking: ReturnType<typeof setInterval> | undefined

  const look = (slots: Iterable<WatchedSlot>): void => {
    for (const slot of slots) if (slot.isOver?.() === true) slot.release()
  }
  const lookAtAll = (): void => {
    for (const { slots } of clients.values()) look(slots)
  }

  function forget(name: string, { slots, pace }: Client): void {
    if (slots.size === 0 && pace.isIdle(now())) clients.delete(name)
  }

  return {
    enter(name) {
      const client = clients.get(name) ?? { slots: new Set<WatchedSlot>(), pace: createPace(bytesPerSecond) }
      if (connections > 0 && client.slots.size >= connections) look(client.slots)
      if (connections > 0 && client.slots.size >= connections) throw tooMany(connections)
      clients.set(name, client)
      const actions: (() => void)[] = []
      const slot: WatchedSlot = {
        isOver: undefined,
        pieceBytes,
        reserve: (bytes) => client.pace.reserve(bytes, now()),
        onRelease: (action) => void actions.unshift(action),
        releaseWhen(isOver) {
          slot.isOver = isOver
          looking ??= setInterval(lookAtAll, LOOK_MS)
          looking.unref()
        },
        release() {
          if (!client.slots.delete(slot)) return
          open -= 1
          for (const action of actions) action()
          forget(name, client)
          if (open > 0) return
          clearInterval(looking)
          looking = undefined
        },
      }
      client.slots.add(slot)
      open += 1
      return slot
    },
    get open() {
      return open
    },
  }
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most)

const tooMany = (connections: number): AppError =>
  new AppError('rate_limited', `More than ${connections} transfers of one client at once are not served`, {
    hint: 'Fetch with fewer connections; the owner sets the number with AIRKEEP_SERVE_CONNECTIONS',
    retryAfterSeconds: 1,
  })
