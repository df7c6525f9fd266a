import { formatBytes, formatTime, progressBar, type TerminalSize } from './progress.ts'
import { padEnd, printableLine, textWidth, truncate } from './text-width.ts'
import { isUnderWay, type Transfer } from './transfer-files.ts'
import type { TransferState } from './transfers.ts'

const GAP = '  '
/** More lines than that nobody reads. */
const MOST_FILES = 8
const LONGEST_NAME = 40
const SHORTEST_NAME = 8
/** `1023.9 MiB/s` */
const SPEED_CELLS = 12
/** `1:02:03` */
const TIME_CELLS = 7
const FROM_CELLS = 14

/** What a line has room for beside the name. */
interface Layout {
  readonly bar: number
  readonly from: boolean
}

const layoutFor = (columns: number): Layout =>
  columns >= 100 ? { bar: 20, from: true } : columns >= 72 ? { bar: 10, from: true } : { bar: 0, from: false }

/** A line for each file that is under way, one for the rest, and one for all together. */
export function transferLines(state: TransferState, { columns, rows }: TerminalSize): string[] {
  const live = state.files.filter(isUnderWay)
  const open = live.length + state.files.filter(({ phase }) => phase === 'waiting').length
  // One for the rest, one for all, and one that keeps the terminal from scrolling.
  const shown = live.slice(0, Math.max(1, Math.min(MOST_FILES, rows - 3)))
  const layout = layoutFor(columns)
  const nameCells = Math.max(
    SHORTEST_NAME,
    Math.min(LONGEST_NAME, roomForName(columns, layout), Math.max(5, ...shown.map(({ name }) => textWidth(name)))),
  )
  const lines = shown.map((file) => fileLine(file, nameCells, layout))
  if (open > shown.length) lines.push(`+${open - shown.length} more`)
  if (state.files.length > 1) lines.push(totalLine(state, nameCells, layout, columns))
  return lines.map((line) => truncate(line.trimEnd(), columns))
}

function roomForName(columns: number, { bar, from }: Layout): number {
  const cells = [progressBar(0, 1, bar).length, SPEED_CELLS, TIME_CELLS, ...(from ? [FROM_CELLS] : [])]
  return columns - cells.reduce((sum, each) => sum + each + GAP.length, 0)
}

/** A tab would move whatever stands behind it. */
const oneLine = (text: string): string => printableLine(text).replaceAll('\t', ' ')

const named = (name: string, cells: number): string => padEnd(truncate(oneLine(name), cells), cells)

function fileLine(file: Transfer, nameCells: number, { bar, from }: Layout): string {
  const { name, phase, bytesDone, bytesTotal, bytesPerSecond } = file
  const share =
    bytesTotal === undefined ? padEnd('', progressBar(0, 1, bar).length) : progressBar(bytesDone, bytesTotal, bar)
  const left =
    bytesTotal === undefined || bytesPerSecond <= 0 ? '' : formatTime((bytesTotal - bytesDone) / bytesPerSecond)
  const how =
    phase === 'verifying'
      ? padEnd('verifying', SPEED_CELLS + GAP.length + TIME_CELLS)
      : `${speedText(bytesPerSecond).padStart(SPEED_CELLS)}${GAP}${left.padStart(TIME_CELLS)}`
  return [named(name, nameCells), share, how, ...(from ? [oneLine(file.from)] : [])].join(GAP)
}

function totalLine(state: TransferState, nameCells: number, { bar }: Layout, columns: number): string {
  const { bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = state
  const left = secondsLeft === undefined ? '' : formatTime(secondsLeft)
  const line = [
    named('total', nameCells),
    progressBar(bytesDone, bytesTotal, bar),
    speedText(bytesPerSecond).padStart(SPEED_CELLS),
    left.padStart(TIME_CELLS),
  ].join(GAP)
  // Half of it would say something else.
  const fitting = [amounts(state), counts(state)].find((text) => line.length + GAP.length + text.length <= columns)
  return fitting === undefined ? line : line + GAP + fitting
}

/** Nothing where nothing comes: `0 B/s` would be read as a fault. */
const speedText = (bytesPerSecond: number): string =>
  bytesPerSecond <= 0 ? '' : `${formatBytes(Math.round(bytesPerSecond))}/s`

const counts = ({ files }: TransferState): string =>
  `${files.filter(({ phase }) => phase === 'done').length} of ${files.length} files`

const amounts = (state: TransferState): string =>
  `${counts(state)}, ${formatBytes(state.bytesDone)} of ${formatBytes(state.bytesTotal)}`

/** How far all are, in one line for a log. */
export function transferSentence(state: TransferState): string {
  const { files, bytesDone, bytesTotal, bytesPerSecond, secondsLeft } = state
  const verifying = files.filter(({ phase }) => phase === 'verifying').length
  const percent = bytesTotal === 0 ? 0 : Math.floor((100 * bytesDone) / bytesTotal)
  const [only] = files
  const what =
    only !== undefined && files.length === 1
      ? `${oneLine(only.name)}: ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
      : amounts(state)
  return [
    `${what} (${percent} %)`,
    ...(bytesPerSecond > 0 ? [speedText(bytesPerSecond)] : []),
    ...(secondsLeft === undefined ? [] : [`${formatTime(secondsLeft)} left`]),
    ...(verifying > 0 ? [`${verifying} verifying`] : []),
  ].join(', ')
}

/** What came of it; undefined where nothing was fetched. */
export function fetchedSentence({ files, fetchedBytes, seconds }: TransferState): string | undefined {
  const fetched = files.filter(({ phase, from }) => phase === 'done' && from !== 'local').length
  if (fetched === 0) return undefined
  // Of less nothing can be said.
  const how = seconds < 1 ? '' : ` in ${formatTime(seconds)} (${formatBytes(Math.round(fetchedBytes / seconds))}/s)`
  return `${fetched} ${fetched === 1 ? 'file' : 'files'} fetched: ${formatBytes(fetchedBytes)}${how}`
}
