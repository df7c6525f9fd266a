import { remembered } from '../../remembered.ts'
import { findByClass } from './by-class.ts'
import { CORE_ORDERS } from './widget-orders/core.ts'
import { EASY_USE_ORDERS } from './widget-orders/easy-use.ts'
import { EFFICIENCY_ORDERS } from './widget-orders/efficiency.ts'
import { LORA_ORDERS } from './widget-orders/loras.ts'
import { MODEL_ORDERS } from './widget-orders/models.ts'
import { TOOL_ORDERS } from './widget-orders/tools.ts'

type Orders = readonly (readonly string[])[]

const BY_CLASS: ReadonlyMap<string, Orders> = new Map(
  [CORE_ORDERS, EFFICIENCY_ORDERS, EASY_USE_ORDERS, LORA_ORDERS, MODEL_ORDERS, TOOL_ORDERS]
    .flatMap((orders) => Object.entries(orders))
    .map(([name, order]) => [name.toLowerCase(), (typeof order === 'string' ? [order] : order).map(toNames)]),
)

function toNames(order: string): string[] {
  return order.split(' ').filter((widget) => widget !== '')
}

const NONE: Orders = []

/** The names of a class's widgets in the order of their values, one list for each version that is known. */
export const widgetsOf = remembered((className): Orders => findByClass(className, BY_CLASS) ?? NONE)
