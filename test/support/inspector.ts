import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts'
import { runIn } from './command.ts'
import { projectDir } from './project-files.ts'

const entry = join(projectDir, 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js')

export interface Inspected {
  readonly exitCode: number
  /** What the server answered. */
  readonly result: JsonObject
  readonly stderr: string
}

/** MCP Inspector's command line, run once: another client than ours. It keeps files in `home`. */
export async function inspect(home: string, args: readonly string[]): Promise<Inspected> {
  // Officially for Node 22; the command line needs nothing that Bun has not.
  const { exitCode, stdout, stderr } = await runIn(home, [process.execPath, '--bun', entry, '--cli', ...args])
  const answer: unknown = stdout === '' ? {} : JSON.parse(stdout)
  const result = isJsonObject(answer) ? answer.result : undefined
  return { exitCode, stderr, result: isJsonObject(result) ? result : {} }
}
