import { isAbsolute } from 'node:path'
import { readConfig } from './look.ts'
import type { Search } from './search.ts'

export const ENVIRONMENT_FILE = '/etc/environment'

/**
 * UI_HOME of the file where rented machines keep what their shells are given: programs that are started otherwise do
 * not see it. Empty where it is not there.
 */
export async function uiHomeOfFile(path: string, { note }: Search): Promise<string> {
  const file = await readConfig(path)
  if (file === undefined || 'fault' in file) return ''
  let home = ''
  for (const [, value = ''] of file.text.matchAll(/^[ \t]*(?:export[ \t]+)?UI_HOME=(.*)$/gm)) {
    home = unquoted(value.trim())
  }
  if (home === '') return ''
  if (!isAbsolute(home)) {
    note(`UI_HOME in ${path} is no absolute path; it is not used.`)
    return ''
  }
  note(`UI_HOME is ${home}, from ${path}.`)
  return home
}

function unquoted(value: string): string {
  const [, , inner] = /^(["'])(.*)\1$/.exec(value) ?? []
  return inner ?? value
}
