import type { Output } from './outside.ts'
import { textWidth, truncate } from './text-width.ts'

/** The last lines of a terminal's stderr, which are overwritten; elsewhere nothing at all. */
export interface ProgressLine {
  /** At most ten times a second; what comes in between is left out. */
  show(text: string): void
  /** The same with several lines, which are made only where they are drawn. */
  lines(make: (size: TerminalSize) => readonly string[]): void
  /** Takes them away before anything else is written. */
  clear(): void
}

export interface TerminalSize {
  /** Cells that a line may fill. */
  readonly columns: number
  readonly rows: number
}

export const noProgress: ProgressLine = { show() {}, lines() {}, clear() {} }

const REDRAW_MS = 100
const CLEAR_LINE = '\r\x1b[K'
const CLEAR_BELOW = '\x1b[J'
/** A line that is wider than it was counted is cut by the terminal, instead of moving all others. */
const [NO_WRAP, WRAP] = ['\x1b[?7l', '\x1b[?7h']

export function createProgressLine(stderr: Output, now: () => number = Date.now): ProgressLine {
  /** Cells of each line that stands there. */
  let drawn: readonly number[] = []
  let drawnAt = Number.NEGATIVE_INFINITY
  // A terminal that is gone ends the command by its signal, not by this.
  const write = (text: string): void => void stderr.write(text).catch(() => {})
  const columns = (): number => stderr.columns ?? 80

  /** To the first line; one that the terminal has become too narrow for stands on several. */
  function toFirst(): string {
    const rows = drawn.reduce((sum, cells) => sum + Math.max(1, Math.ceil(cells / columns())), 0)
    return rows > 1 ? `\r\x1b[${rows - 1}A` : '\r'
  }

  function lines(make: (size: TerminalSize) => readonly string[]): void {
    const at = now()
    if (at - drawnAt < REDRAW_MS) return
    drawnAt = at
    // One column less: a full line would wrap, and the rest of it could not be taken away.
    const size = { columns: Math.max(10, columns() - 1), rows: stderr.rows ?? 24 }
    const made = make(size).map((text) => truncate(text, size.columns))
    const [only = ''] = made
    if (made.length <= 1 && drawn.length <= 1) write(`${CLEAR_LINE}${only}`)
    // In one piece, each line over the one before it: nothing is dark in between.
    else write(`${NO_WRAP}${toFirst()}${made.join('\x1b[K\r\n')}${CLEAR_BELOW}${WRAP}`)
    drawn = made.map(textWidth)
  }

  return {
    show: (text) => lines(() => [text]),
    lines,
    clear() {
      if (drawn.length === 1) write(CLEAR_LINE)
      else if (drawn.length > 1) write(`${toFirst()}${CLEAR_BELOW}`)
      drawn = []
      drawnAt = Number.NEGATIVE_INFINITY
    },
  }
}

const BAR_CELLS = 20

/** `[########            ]  40 %` */
export function progressBar(done: number, total: number, cells = BAR_CELLS): string {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
  const filled = Math.floor(share * cells)
  const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
  return cells === 0 ? percent : `[${'#'.repeat(filled)}${' '.repeat(cells - filled)}] ${percent}`
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

/** `0:42`, `12:05`, `1:02:03`: hours, minutes and seconds. */
export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  if (whole >= 100 * 3600) return '>99 h'
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number): string => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}
