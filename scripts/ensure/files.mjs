import { readFileSync, statSync } from 'node:fs'

/** Something a person can mend; shown without a stack. */
export class Failure extends Error {}

export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

export function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

export function tail(text) {
  return text.trimEnd().split('\n').slice(-15).join('\n')
}

export function say(text) {
  process.stderr.write(`airkeep: ${text} …\n`)
}
