/** Names of query fields that open something to whoever holds them: keys, signatures, logins. */
const SECRET =
  /token|secret|passw|signature|credential|hmac|verify|^(?:x-)?(?:amz|goog|oss)-|^(?:sig|auth|authorization|policy|session|ticket|jwt|rlkey)$|(?:^|[-_.])(?:api|access|account|auth|private|rl|aws|awsaccess)?[-_]?key(?:[-_]?(?:pair[-_]?)?id)?$/i

/** Names of query fields that say which file is meant, and open nothing. Lower case. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...['modelversionid', 'modelid', 'versionid', 'modelfileid', 'fileid', 'postid', 'imageid', 'id', 'v', 'version'],
  ...['type', 'format', 'size', 'fp', 'quanttype', 'epoch', 'precision', 'dtype', 'variant', 'nsfw', 'browsinglevel'],
  ...[
    'revision',
    'rev',
    'ref',
    'branch',
    'tag',
    'commit',
    'file',
    'filename',
    'name',
    'path',
    'filepath',
    'ext',
    'subfolder',
  ],
  ...[
    'download',
    'dl',
    'raw',
    'inline',
    'export',
    'alt',
    'ref_type',
    'limit',
    'page',
    'recursive',
    'expand',
    'width',
    'height',
  ],
])

const LONGEST_VALUE = 300
/** What starts a query of its own, a user or a line; and what keys look like. */
const ODD_VALUE = /[=?&;#@\p{Cc}]|\b(?:hf|gh[a-z]|sk|pat)_\w{8}|\beyJ\w{8}|\b[0-9a-f]{32}\b/iu

/** Whether a query field may be shown with its value. */
export function isHarmlessField(name: string, value: string): boolean {
  return HARMLESS.has(name.toLowerCase()) && value.length <= LONGEST_VALUE && !ODD_VALUE.test(unescaped(value))
}

/**
 * A web address as people other than its owner may see it: without user, password and fragment, and with no query fields
 * but those that are known to be harmless. Links are copied with what opens them, and who may see a job sees what its
 * prompt names. Anything else stays as it is.
 */
export const publicUrl = (text: string): string =>
  withoutParts(text, ([name, value]) => isHarmlessField(name, value), false)

/**
 * A web address without users, passwords, and fields whose names are those of keys and signatures; other fields and the
 * fragment stay. For texts that people wrote to be read.
 */
export const withoutKeys = (text: string): string =>
  withoutParts(text, ([name, value]) => value === '' || !SECRET.test(unescaped(name)), true)

type Field = readonly [name: string, value: string]

/** http with whatever slashes a URL parser takes for two; any other scheme with two. */
const WEB = /^(?:https?:[\\/]*|[a-z][a-z0-9+.-]{0,30}:\/\/)/i

function withoutParts(text: string, keeps: (field: Field) => boolean, keepsFragment: boolean): string {
  // A URL parser leaves these out wherever they stand.
  const address = text.replace(/[\t\r\n]+/g, '').replace(/^[\0-\x20]+/, '')
  const [scheme] = WEB.exec(address) ?? []
  if (scheme === undefined) return text
  const after = address.slice(scheme.length)
  const authorityEnd = after.search(/[\\/?#]/)
  const authority = authorityEnd < 0 ? after : after.slice(0, authorityEnd)
  const rest = after.slice(authority.length)
  const [path = ''] = rest.split(/[?#]/, 1)
  const hash = rest.indexOf('#')
  const query = rest.slice(path.length, hash < 0 ? undefined : hash)
  const fragment = hash < 0 || !keepsFragment ? '' : withoutFields(rest.slice(hash), keeps)
  const shown = scheme + authority.slice(authority.lastIndexOf('@') + 1) + path + withoutFields(query, keeps) + fragment
  return shown === address ? text : shown
}

/** `?a=1&b=2`, or the same behind `#`, as some services hand keys over. */
function withoutFields(part: string, keeps: (field: Field) => boolean): string {
  const fields = part.slice(1).split(/[&;]/)
  const kept = fields.filter((field) => {
    const equals = field.indexOf('=')
    return keeps(equals < 0 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)])
  })
  if (kept.length === fields.length) return part
  return kept.length === 0 ? '' : part.slice(0, 1) + kept.join('&')
}

/** However often it was escaped, within reason. */
function unescaped(text: string): string {
  let plain = text
  for (let times = 0; times < 4 && plain.includes('%'); times += 1) {
    // Broken escapes stay, and hide none that is whole.
    plain = plain.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
  return plain
}
