import { withoutSecrets } from '../secrets.ts'

const CONTEXT = 3

/** Lines with what ends them. */
const linesOf = (text: string): string[] => (text === '' ? [] : text.split(/(?<=\n)/))

/** A unified diff of a text that was changed in one place; empty where nothing changed. Keys are masked in it. */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return ''
  const old = linesOf(before)
  const now = linesOf(after)
  const shorter = Math.min(old.length, now.length)
  let head = 0
  while (head < shorter && old[head] === now[head]) head += 1
  let tail = 0
  while (tail < shorter - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1
  const from = Math.max(0, head - CONTEXT)
  const lines = [
    ...old.slice(from, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, old.length - tail + CONTEXT).map((line) => ` ${line}`),
  ]
  const oldCount = Math.min(old.length, old.length - tail + CONTEXT) - from
  const nowCount = oldCount + now.length - old.length
  const range = (count: number): string => `${count === 0 ? 0 : from + 1},${count}`
  return [
    `--- a/${name}\n`,
    `+++ b/${name}\n`,
    `@@ -${range(oldCount)} +${range(nowCount)} @@\n`,
    ...lines.map((line) => (line.endsWith('\n') ? masked(line) : `${masked(line)}\n\\ No newline at end of file\n`)),
  ].join('')
}

const masked = (line: string): string => withoutSecrets(line)
