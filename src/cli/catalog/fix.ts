import { realpath } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import type { JsonObject } from '../../lib/json.ts'
import type { Context } from '../context.ts'
import { textOf } from '../dependency-state.ts'
import { findOperation } from '../find-operation.ts'
import { PARTIAL_EXIT } from '../job.ts'
import { withSession } from '../session.ts'
import { printable } from '../text-width.ts'
import { textsOf } from './page-row.ts'

export interface FixOptions {
  readonly apply?: true
  readonly offline?: true
}

/** `airkeep catalog fix`: adds the AIR that a page lacks; without `--apply` it only shows what would change. */
export async function fixPage(context: Context, path: string, { apply, offline }: FixOptions): Promise<number> {
  const { signal, outside } = context
  const app = await context.app()
  const operation = findOperation(app, 'fix_catalog_page', 'airkeep catalog fix')
  return withSession(context, app, async (session) => {
    const typed = resolve(outside.cwd, path)
    const page = await realpath(typed).catch(() => typed)
    // Whoever types a page means it, whatever catalog is configured.
    const input = {
      file_path: basename(page),
      catalog_dir: dirname(page),
      ...(apply === true ? { apply } : {}),
      ...(offline === true ? { ask_civitai: false } : {}),
    }
    const { output } = await session.invoke(operation, input, { signal, progress() {} })
    await context.print(output, () => renderFix(output))
    return isLacking(output) ? PARTIAL_EXIT : 0
  })
}

/** Whether the page has no AIR still. */
const isLacking = ({ air }: JsonObject): boolean => textOf(air) === undefined

export function renderFix(output: JsonObject): string {
  const diff = textOf(output.diff)
  if (diff === undefined) {
    return [isLacking(output) ? 'Not fixed' : 'Nothing to fix', ...textsOf(output.notes)].map(printable).join('\n')
  }
  const said = output.applied === true ? 'The page was changed' : 'Nothing was changed: add --apply'
  return [printable(diff).trimEnd(), ...textsOf(output.notes).map(printable), said].join('\n')
}
