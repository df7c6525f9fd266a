import { AppError } from '../../../errors.ts'
import { isJsonObject, type JsonValue } from '../../../lib/json.ts'
import type { DependencyType } from '../../dependency.ts'
import { hasModelExtension, meansNoModel } from '../../model-name.ts'
import { entriesOf, fieldOf, parseJson, textOf } from '../json.ts'
import { CONTROL, isSeed } from './align-widgets.ts'
import { guessType } from './guess-type.ts'
import { findLoader } from './loaders/find-loader.ts'
import type { NodeCatalog, NodeClass } from './node-catalog.ts'

/** A NodeCatalog as plain data, for messages between threads. */
export interface NodeCatalogData {
  readonly classes: {
    readonly [className: string]: {
      readonly widgets: readonly string[]
      readonly models: { readonly [input: string]: DependencyType }
    }
  }
}

const MAX_CLASSES = 100_000
const MAX_INPUTS = 1000

/**
 * The answer of ComfyUI's `GET /object_info`: `{"KSampler": {"input": {"required": {"seed": ["INT", {…}]}}}}`. It may be
 * tens of MiB, so this belongs into a thread of its own.
 * @throws AppError upstream_unavailable for anything else
 */
export function readObjectInfo(text: string): NodeCatalogData {
  const info = parseJson(text)
  const classes = entriesOf(info)
    .slice(0, MAX_CLASSES)
    .filter(([, described]) => isJsonObject(fieldOf(described, 'input')))
    .map(([name, described]) => [name, readClass(name, described)] as const)
  if (!isJsonObject(info) || (classes.length === 0 && entriesOf(info).length > 0)) {
    throw new AppError('upstream_unavailable', 'Cannot use what ComfyUI answered: it is no list of nodes')
  }
  return { classes: Object.fromEntries(classes) }
}

export const toNodeCatalog = ({ classes }: NodeCatalogData): NodeCatalog => ({
  classes: new Map(
    Object.entries(classes).map(([name, { widgets, models }]): [string, NodeClass] => [
      name,
      { widgets, models: new Map(Object.entries(models)) },
    ]),
  ),
})

function readClass(className: string, described: JsonValue): NodeCatalogData['classes'][string] {
  const widgets: string[] = []
  const models: [string, DependencyType][] = []
  for (const group of ['required', 'optional']) {
    let upload: string | undefined
    for (const [name, spec] of inputsOf(described, group)) {
      const [type, options] = Array.isArray(spec) ? [spec[0], spec[1]] : [undefined, undefined]
      if (!isWidget(type, options)) continue
      widgets.push(name)
      if (isControlled(name, type, options)) widgets.push(CONTROL)
      upload ??= UPLOADS.find((option) => fieldOf(options, option) === true)
      const model = modelType(className, name, type, options)
      if (model !== undefined) models.push([name, model])
    }
    // The editor puts a button for uploads behind the inputs, and keeps a value for it.
    if (upload !== undefined) widgets.push('upload')
  }
  return { widgets, models: Object.fromEntries(models) }
}

const UPLOADS = ['image_upload', 'video_upload', 'animated_image_upload']

/** In the order of `input_order`: the order of an object's fields is lost where names are numbers. */
function inputsOf(described: JsonValue, group: string): [string, JsonValue][] {
  const inputs = entriesOf(fieldOf(fieldOf(described, 'input'), group))
  const order = fieldOf(fieldOf(described, 'input_order'), group)
  if (!Array.isArray(order)) return inputs.slice(0, MAX_INPUTS)
  const places = new Map(order.map((name, at) => [name, at]))
  const placeOf = ([name]: [string, JsonValue]): number => places.get(name) ?? places.size
  return inputs.sort((a, b) => placeOf(a) - placeOf(b)).slice(0, MAX_INPUTS)
}

const WIDGET_TYPES = new Set(['INT', 'FLOAT', 'STRING', 'BOOLEAN', 'COMBO', 'COMFY_DYNAMICCOMBO_V3'])

/** Other types in capitals are sockets for links alone. */
function isWidget(type: JsonValue | undefined, options: JsonValue | undefined): boolean {
  if (fieldOf(options, 'forceInput') === true) return false
  return Array.isArray(type) || WIDGET_TYPES.has(textOf(fieldOf(options, 'widgetType')) ?? textOf(type) ?? '')
}

/** A seed has a second widget that says what happens to it after a run. */
function isControlled(name: string, type: JsonValue | undefined, options: JsonValue | undefined): boolean {
  const control = fieldOf(options, CONTROL)
  if (control === undefined || control === null) return type === 'INT' && isSeed(name)
  return control !== false
}

/** What the choices of an input are told by: most are model files, or there are none yet and the name says so. */
function modelType(
  className: string,
  input: string,
  type: JsonValue | undefined,
  options: JsonValue | undefined,
): DependencyType | undefined {
  if (!Array.isArray(type) && type !== 'COMBO') return undefined
  const listed = Array.isArray(type) ? type : fieldOf(options, 'options')
  const choices = (Array.isArray(listed) ? listed : [])
    .map((choice) => textOf(choice) ?? textOf(fieldOf(choice, 'content')) ?? '')
    .filter((choice) => !meansNoModel(choice))
  const known = findLoader(className)?.models.find((model) => model.input === input)?.type
  const files = choices.filter(hasModelExtension).length
  const isModel = files * 2 > choices.length || known !== undefined || (choices.length === 0 && MODEL_INPUT.test(input))
  return isModel ? (known ?? guessType(input, className)) : undefined
}

/** Names of menus that are empty until there is a file, or that are filled from elsewhere. */
const MODEL_INPUT =
  /(?:^|_)(?:ckpt|checkpoint|lora|vae|unet|clip|control_?net|ipadapter|gligen|hypernetwork|upscale_model|style_model)_(?:name|file)_?\d*$|_model_name$/i
