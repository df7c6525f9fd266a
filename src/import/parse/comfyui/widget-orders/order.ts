/**
 * Widgets of node classes in the order in which an editor's workflow lists their values, by class; several orders where
 * versions of a class differ, the newest first. A list may stop early: what comes after it matters to no one.
 * `control_after_generate`, which follows a seed, is left out.
 */
export type WidgetOrders = Readonly<Record<string, string | readonly string[]>>

/** Rows with numbers, which begin with `first`. */
export const numbered = (count: number, row: (number: number) => string, first = 1): string =>
  Array.from({ length: count }, (_, index) => row(index + first)).join(' ')

/** Classes with one order. */
export const alike = (order: string | readonly string[], ...classNames: readonly string[]): WidgetOrders =>
  Object.fromEntries(classNames.map((name) => [name, order]))
