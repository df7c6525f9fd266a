import { describe, expect, test } from 'bun:test'
import { createJobDisplay } from '../../src/cli/job-display.ts'
import { createProgressLine, noProgress } from '../../src/cli/progress.ts'
import type { JsonObject } from '../../src/lib/json.ts'

/** As much of a terminal as the lines use: what stands on it in the end. */
function createScreen(columns: number, rows = 24) {
  let lines = ['']
  let [row, column] = [0, 0]
  let wraps = true
  const size = { columns }
  const put = (letter: string): void => {
    if (column >= size.columns) {
      if (!wraps) return
      down()
      column = 0
    }
    const line = (lines[row] ?? '').padEnd(column)
    lines[row] = line.slice(0, column) + letter + line.slice(column + 1)
    column += 1
  }
  const down = (): void => {
    row += 1
    lines[row] ??= ''
  }
  const writes: string[] = []
  const output = {
    isTerminal: true,
    get columns() {
      return size.columns
    },
    rows,
    async write(text: string) {
      writes.push(text)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is told
      for (const [token, up, clear, mode] of text.matchAll(/\x1b\[(\d+)A|\x1b\[([KJ])|\x1b\[\?7([lh])|./gsu)) {
        if (up !== undefined) row = Math.max(0, row - Number(up))
        else if (clear !== undefined) {
          lines[row] = (lines[row] ?? '').slice(0, column)
          if (clear === 'J') lines = lines.slice(0, row + 1)
        } else if (mode !== undefined) wraps = mode === 'h'
        else if (token === '\r') column = 0
        else if (token === '\n') down()
        else put(token)
      }
    },
  }
  return {
    output,
    writes,
    shown: () => lines.map((line) => line.trimEnd()).join('\n'),
    /** As terminals do: what stands there is broken anew. */
    narrow(to: number) {
      const broken = lines.flatMap((line) => line.match(new RegExp(`.{1,${to}}`, 'g')) ?? [''])
      lines = broken
      row = broken.length - 1
      column = (broken.at(-1) ?? '').length
      size.columns = to
    },
  }
}

describe('lines that are drawn again and again', () => {
  function drawing(columns = 40) {
    const screen = createScreen(columns)
    let now = 0
    const line = createProgressLine(screen.output, () => now)
    return {
      ...screen,
      line,
      draw(...texts: string[]) {
        now += 1000
        line.lines(() => texts)
        return screen.shown()
      },
    }
  }

  test('stand where those before them stood, however many there were', () => {
    const { draw, line, output, shown } = drawing()
    void output.write('$ airkeep\r\n')
    for (const texts of [
      ['one'],
      ['a long first line', 'two', 'three'],
      ['first', 'two'],
      ['1', '2', '3', '4'],
      ['alone'],
      ['x', 'y'],
    ]) {
      expect(draw(...texts)).toBe(['$ airkeep', ...texts].join('\n'))
    }
    line.clear()
    expect(shown()).toBe('$ airkeep\n')
  })

  test('each go out in one piece, and nothing is taken away before it is written anew', () => {
    const { draw, writes } = drawing()
    draw('a', 'b')
    draw('c', 'd')
    expect(writes).toHaveLength(2)
    expect(writes[1]).toBe('\x1b[?7l\r\x1b[1Ac\x1b[K\r\nd\x1b[J\x1b[?7h')
  })

  test('never fill the last column', () => {
    const { draw } = drawing(12)
    expect(draw('a'.repeat(50), 'b'.repeat(50))).toBe(`${'a'.repeat(10)}…\n${'b'.repeat(10)}…`)
  })

  test('find their place when the terminal has become narrower', () => {
    const { draw, narrow, line, shown } = drawing(40)
    draw('a'.repeat(30), 'b'.repeat(35), 'c')
    narrow(20)
    expect(draw('x', 'y')).toBe('x\ny')
    line.clear()
    expect(shown()).toBe('')
  })

  test('are made ten times a second at most', () => {
    const screen = createScreen(40)
    let now = 0
    let made = 0
    const line = createProgressLine(screen.output, () => now)
    for (now = 0; now < 1000; now += 1) {
      line.lines(() => {
        made += 1
        return ['a', 'b']
      })
    }
    expect(made).toBe(10)
  })
})

describe('what is said of jobs', () => {
  const fetching = (bytes: number): JsonObject => ({
    job_id: 'imp_1',
    status: 'downloading',
    dependencies: [
      {
        filename: 'harbor.safetensors',
        status: 'downloading',
        download_job_id: 'dl_1',
        bytes_done: bytes,
        bytes_total: 1000,
      },
    ],
  })

  function following(followed: 'bars' | 'lines' | 'nothing') {
    const notes: string[] = []
    let now = 0
    const screen = createScreen(80)
    const progress = followed === 'bars' ? createProgressLine(screen.output, () => now) : noProgress
    const note = async (text: string): Promise<void> => void notes.push(text)
    const display = createJobDisplay({ progress, note, followed }, { now: () => now })
    return {
      notes,
      display,
      shown: screen.shown,
      see(at: number, job: JsonObject) {
        now = at
        display.show(job)
      },
    }
  }

  test('is a line every ten seconds where there is no terminal', () => {
    const { notes, see, display } = following('lines')
    for (let second = 0; second <= 25; second += 1) see(second * 1000, fetching(second * 10))
    display.end()
    expect(notes).toEqual([
      'harbor.safetensors: 100 B of 1000 B (10 %), 10 B/s, 1:30 left',
      'harbor.safetensors: 200 B of 1000 B (20 %), 10 B/s, 1:20 left',
    ])
  })

  test('is nothing where nobody wants to hear it, but it is known what was fetched', () => {
    const { notes, see, shown, display } = following('nothing')
    for (let second = 0; second <= 25; second += 1) see(second * 1000, fetching(second * 10))
    display.end()
    expect({ notes, shown: shown() }).toEqual({ notes: [], shown: '' })
    expect(display.state()).toMatchObject({ fetchedBytes: 250 })
  })

  test('is drawn on a terminal: first what it looks for, then what it fetches', () => {
    const { see, shown, display } = following('bars')
    see(0, { job_id: 'imp_1', status: 'resolving', progress: 0.5, dependencies: [], hashed_bytes: 1, bytes_to_hash: 4 })
    expect(shown()).toBe('[##########          ]  50 % resolving 1 B of 4 B')
    see(1000, fetching(100))
    see(2000, fetching(200))
    expect(shown()).toBe('harbor.safetensors  [##        ]  20 %       100 B/s     0:08')
    display.end()
    expect(shown()).toBe('')
  })
})
