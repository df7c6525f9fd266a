import { dlopen, FFIType, ptr } from 'bun:ffi'

const AF_INET = 2
const SOCK_STREAM = 1
const SOL_SOCKET = 1
const SO_RCVBUF = 8
const MSG_DONTWAIT = 0x40
/** Doubled by the kernel, and soon full. */
const RECEIVE_BYTES = 2_048

const { i32, u64, i64, pointer } = FFIType

function openLibc() {
  return dlopen('libc.so.6', {
    socket: { args: [i32, i32, i32], returns: i32 },
    setsockopt: { args: [i32, i32, i32, pointer, u64], returns: i32 },
    connect: { args: [i32, pointer, u64], returns: i32 },
    send: { args: [i32, pointer, u64, i32], returns: i64 },
    recv: { args: [i32, pointer, u64, i32], returns: i64 },
    close: { args: [i32], returns: i32 },
  })
}

export interface StuckSocket {
  /** Takes at most so many bytes. */
  read(bytes: number): void
  close(): void
}

/**
 * A client that takes nothing of what it is sent, as one behind a dead line: with a receive buffer so small that it is
 * the server that has to keep what comes. Linux.
 */
export function openStuckSocket(port: number, request: string): StuckSocket {
  const { symbols: libc } = openLibc()
  const fd = libc.socket(AF_INET, SOCK_STREAM, 0)
  const size = new Int32Array([RECEIVE_BYTES])
  libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, ptr(size), 4)
  const address = new Uint8Array(16)
  const view = new DataView(address.buffer)
  view.setUint16(0, AF_INET, true)
  view.setUint16(2, port)
  view.setUint32(4, 0x7f000001)
  if (libc.connect(fd, ptr(address), 16) !== 0) throw new Error(`Cannot connect to port ${port}`)
  const bytes = new TextEncoder().encode(request)
  if (Number(libc.send(fd, ptr(bytes), bytes.length, 0)) !== bytes.length) throw new Error('Cannot send a request')
  const buffer = new Uint8Array(4_096)
  return {
    read: (most) => void libc.recv(fd, ptr(buffer), Math.min(most, buffer.length), MSG_DONTWAIT),
    close: () => void libc.close(fd),
  }
}
