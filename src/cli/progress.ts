import type { Output } from './outside.ts'
import { truncate } from './text-width.ts'

/** One line on a terminal's stderr that is overwritten; elsewhere nothing at all. */
export interface ProgressLine {
  /** At most ten times a second; what comes in between is left out. */
  show(text: string): void
  /** Takes the line away before anything else is written. */
  clear(): void
}

export const noProgress: ProgressLine = { show() {}, clear() {} }

const REDRAW_MS = 100
const CLEAR_LINE = '\r\x1b[K'

export function createProgressLine(stderr: Output, now: () => number = Date.now): ProgressLine {
  let shown = false
  let drawnAt = Number.NEGATIVE_INFINITY
  // A terminal that is gone ends the command by its signal, not by this.
  const write = (text: string): void => void stderr.write(text).catch(() => {})
  return {
    show(text) {
      const at = now()
      if (at - drawnAt < REDRAW_MS) return
      drawnAt = at
      shown = true
      // One column less: a full line would wrap, and the rest of it could not be taken away.
      write(`${CLEAR_LINE}${truncate(text, Math.max(10, (stderr.columns ?? 80) - 1))}`)
    },
    clear() {
      if (shown) write(CLEAR_LINE)
      shown = false
      drawnAt = Number.NEGATIVE_INFINITY
    },
  }
}

const BAR_CELLS = 20

/** `[########            ]  40 %` */
export function progressBar(done: number, total: number): string {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
  const filled = Math.floor(share * BAR_CELLS)
  return `[${'#'.repeat(filled)}${' '.repeat(BAR_CELLS - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `1.5 GiB` */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}
