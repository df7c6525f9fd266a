/**
 * `attachment` with a file name (RFC 6266, RFC 8187). The name is text from outside: nothing of it can end the header or
 * lead to another folder.
 */
export function contentDisposition(filename: string): string {
  // Control characters would be part of the name on the other machine, and of what its terminal is sent.
  const name = filename.replaceAll(/[/\\\p{Cc}]/gu, '_').replaceAll(/\p{Surrogate}/gu, '\ufffd') || 'model'
  // Some clients decode percent signs in the plain form too.
  const plain = name.replaceAll(/[^\x20-\x7e]|["%]/gu, '_')
  const encoded = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${encoded}`}`
}
