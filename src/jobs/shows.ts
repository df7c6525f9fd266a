import type { JsonObject } from '../lib/json.ts'

/** Progress of one run, told in the order of its states: never what is newer before what is older. */
export interface Shows {
  show(view: JsonObject): void
  /** Stores a state; of what is shown meanwhile the newest is told afterwards. */
  after<T>(store: () => Promise<T>): Promise<T>
  /** Nothing is told any more. */
  end(): void
}

export function createShows(tell: (view: JsonObject) => void): Shows {
  let storing = 0
  let held: JsonObject | undefined
  let ended = false

  function show(view: JsonObject): void {
    if (ended) return
    if (storing > 0) held = view
    else tell(view)
  }

  return {
    show,
    async after(store) {
      storing += 1
      try {
        return await store()
      } finally {
        storing -= 1
        const view = held
        if (storing === 0 && view !== undefined) {
          held = undefined
          show(view)
        }
      }
    },
    end() {
      ended = true
    },
  }
}
