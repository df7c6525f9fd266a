import type { JsonValue } from '../../../lib/json.ts'
import { hasModelExtension } from '../../model-name.ts'
import { isControl, isSeed } from './align-widgets.ts'
import { type Target, widgetBehind } from './given.ts'
import type { NamedWidgets } from './name-widgets.ts'
import type { Sheet } from './sheet.ts'

type Pair = readonly [Target, JsonValue]

/**
 * Gives the values of a box their targets. Editors of different years list them in different orders: of those that
 * use up all values, the one counts whose values are most like those that they replace. Where none does, only
 * values that are alike are taken.
 */
export function bestOrder(
  orders: readonly (readonly Target[])[],
  values: readonly JsonValue[],
  sheet: Sheet,
  names: NamedWidgets,
): readonly Pair[] {
  const tried = orders
    .filter((targets) => targets.length > 0)
    .map((targets) => {
      const { pairs, isWhole } = pair(targets, values, sheet)
      const alike = pairs.filter(([target, value]) => isAlike(value, valueInside(target, sheet, names)))
      const score = alike.length * 3 - pairs.length * 2
      return { pairs: isWhole ? pairs : alike, isWhole, score }
    })
  const whole = tried.filter(({ isWhole }) => isWhole)
  const [best] = (whole.length > 0 ? whole : tried).sort((a, b) => b.score - a.score)
  return best?.pairs ?? []
}

/** One value for each target, less the word behind a seed that some versions list as well. */
function pair(
  targets: readonly Target[],
  values: readonly JsonValue[],
  sheet: Sheet,
): { pairs: readonly Pair[]; isWhole: boolean } {
  const pairs: Pair[] = []
  let at = 0
  for (const [index, target] of targets.entries()) {
    const value = values[at]
    if (value === undefined) break
    pairs.push([target, value])
    at += 1
    const isMore = values.length - at > targets.length - index - 1
    if (isMore && isControl(values[at]) && isSeed(widgetBehind(target, sheet)?.name ?? '')) at += 1
  }
  return { pairs, isWhole: pairs.length === targets.length && at === values.length }
}

function valueInside(target: Target, sheet: Sheet, names: NamedWidgets): JsonValue | undefined {
  const found = widgetBehind(target, sheet)
  return found === undefined ? undefined : names.of(found.node).get(found.name)
}

/** Whether two values can stand in one widget; with nothing to compare they can. */
function isAlike(a: JsonValue, b: JsonValue | undefined): boolean {
  if (a === null || b === undefined || b === null) return true
  if (typeof a === 'string' && typeof b === 'string') return hasModelExtension(a) === hasModelExtension(b)
  return typeof a === typeof b
}
