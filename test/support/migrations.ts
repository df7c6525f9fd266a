import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'

const journalSchema = v.object({
  entries: v.array(v.object({ idx: v.number(), when: v.number(), tag: v.string() })),
})

/** What is wrong with a folder of migrations: its journal and its files must name each other, in order. */
export function findMigrationFaults(folder: string): string[] {
  const journalPath = join(folder, 'meta/_journal.json')
  if (!existsSync(journalPath)) return ['meta/_journal.json is missing']
  const { entries } = v.parse(journalSchema, JSON.parse(readFileSync(journalPath, 'utf8')))
  const sqlFiles = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  const faults = entries.flatMap(({ idx, when, tag }, index) => {
    const number = String(index).padStart(4, '0')
    const before = entries[index - 1]
    return [
      idx === index ? '' : `${tag} has number ${idx} in place ${index}`,
      tag.startsWith(`${number}_`) ? '' : `${tag} does not begin with ${number}_`,
      before === undefined || before.when < when ? '' : `${tag} is not newer than ${before.tag}`,
      sqlFiles.includes(`${tag}.sql`) ? '' : `${tag}.sql is missing`,
      existsSync(join(folder, `meta/${number}_snapshot.json`)) ? '' : `meta/${number}_snapshot.json is missing`,
    ].filter((fault) => fault !== '')
  })
  const tags = new Set(entries.map(({ tag }) => `${tag}.sql`))
  const strays = sqlFiles.filter((name) => !tags.has(name)).map((name) => `${name} is not in the journal`)
  const foreign = readdirSync(folder).filter((name) => name !== 'meta' && !name.endsWith('.sql'))
  return [...faults, ...strays, ...foreign.map((name) => `${name} would be embedded in the executable`)]
}
