/** Names of query fields that open something to whoever holds them: keys, signatures, logins. */
const SECRET =
  /token|secret|passw|signature|credential|^(?:x-)?(?:amz|goog|oss)-|^(?:sig|auth|authorization|policy|session|ticket|jwt)$|(?:^|[-_.])(?:api|access|account|auth|private|rl|aws|awsaccess)?[-_]?key(?:[-_]?(?:pair[-_]?)?id)?$/i

/**
 * A web address as people other than its owner may see it: without users, passwords, keys and signatures. Links are
 * copied with them, and who may see a job sees what its prompt names. Anything else stays as it is.
 */
export function publicUrl(text: string): string {
  if (!/^https?:\/\//i.test(text)) return text
  const authorityEnd = text.slice(8).search(/[/?#]/)
  const end = authorityEnd < 0 ? text.length : 8 + authorityEnd
  const scheme = text.slice(0, text.indexOf('//') + 2)
  const host = text.slice(Math.max(scheme.length, text.lastIndexOf('@', end - 1) + 1), end)
  const rest = text.slice(end)
  const [path = ''] = rest.split(/[?#]/, 1)
  const hash = rest.indexOf('#')
  const query = rest.slice(path.length, hash < 0 ? undefined : hash)
  return scheme + host + path + withoutSecretFields(query) + (hash < 0 ? '' : withoutSecretFields(rest.slice(hash)))
}

/** `?a=1&b=2`, or the same behind `#`, as some services hand keys over. */
function withoutSecretFields(part: string): string {
  const fields = part.slice(1).split(/[&;]/)
  const kept = fields.filter((field) => !isSecret(field))
  if (kept.length === fields.length) return part
  return kept.length === 0 ? '' : part.slice(0, 1) + kept.join('&')
}

function isSecret(field: string): boolean {
  const equals = field.indexOf('=')
  if (equals < 0) return false
  try {
    return SECRET.test(decodeURIComponent(field.slice(0, equals)))
  } catch {
    return SECRET.test(field.slice(0, equals))
  }
}
