import { describe, expect, test } from 'bun:test'
import { placeName } from '../../../src/models/fetch/place-name.ts'

const CIVITAI = { model_id: 900100, version_id: 910201 }
const place = (wanted: string | undefined, offered: string, civitdlNames = false) => {
  const { folder, filename } = placeName({ wanted, offered, civitai: CIVITAI, civitdlNames })
  return folder === '' ? filename : `${folder}/${filename}`
}

describe('the name of a new file', () => {
  test.each<[string | undefined, string, string]>([
    // As the prompt writes it.
    ['style/foo.safetensors', 'x.safetensors', 'style/foo.safetensors'],
    ['style\\deep\\foo.safetensors', 'x.safetensors', 'style/deep/foo.safetensors'],
    ['foo', 'x.safetensors', 'foo.safetensors'],
    ['foo.v1.5', 'x.GGUF', 'foo.v1.5.GGUF'],
    ['港の灯.safetensors', 'x.safetensors', '港の灯.safetensors'],
    // The same format by another ending stays.
    ['foo.pt', 'x.ckpt', 'foo.pt'],
    ['foo.sft', 'x.safetensors', 'foo.sft'],
    // What the bytes are decides, not what a prompt calls them: a loader goes by the ending.
    ['foo.ckpt', 'x.safetensors', 'foo.safetensors'],
    ['foo.safetensors', 'x.pt', 'foo.pt'],
    ['foo.safetensors', 'x.gguf', 'foo.gguf'],
    ['foo.safetensors', 'download', 'foo.safetensors'],
    // Nobody says anything.
    [undefined, 'Harbor Lights.safetensors', 'Harbor Lights.safetensors'],
    ['', 'x.safetensors', 'x.safetensors'],
    ['  ', 'x.safetensors', 'x.safetensors'],
    // Strangers' words lead nowhere else.
    ['../../etc/passwd', 'x.safetensors', 'passwd.safetensors'],
    ['/etc/foo.safetensors', 'x.safetensors', 'foo.safetensors'],
    ['C:\\models\\foo.safetensors', 'x.safetensors', 'foo.safetensors'],
    ['a/../b/foo.safetensors', 'x.safetensors', 'foo.safetensors'],
    [undefined, '../../.ssh/authorized_keys.safetensors', 'authorized_keys.safetensors'],
    ['.hidden.safetensors', 'x.safetensors', 'hidden.safetensors'],
  ])('%p, offered as %p: %s', (wanted, offered, expected) => {
    expect(place(wanted, offered)).toBe(expected)
  })

  test.each([
    [undefined, 'harbor.safetensors', 'harbor-mid_900100-vid_910201.safetensors'],
    [undefined, 'harbor-mid_900100-vid_910201.safetensors', 'harbor-mid_900100-vid_910201.safetensors'],
    ['foo', 'harbor.safetensors', 'foo.safetensors'],
  ])('as civitdl calls it, %p, offered as %p: %s', (wanted, offered, expected) => {
    expect(place(wanted, offered, true)).toBe(expected)
  })

  test.each([
    [undefined, 'download'],
    ['foo', 'index.html'],
    ['foo', ''],
  ])('%p, offered as %p, says no format', (wanted, offered) => {
    expect(() => place(wanted, offered)).toThrow(/no ending of a model file/)
  })
})
