import { describe, expect, test } from 'bun:test'
import { decode, documentOf, documentsIn, encode, fieldsOf } from './document.ts'
import { messageCutter, readMessage, WireError, writeCommand, writeReply } from './wire.ts'

const ping = encode({ ping: 1, $db: 'admin' })

describe('messages', () => {
  test('come out whole from a stream that is cut at every byte', () => {
    const cut = messageCutter()
    const stream = Buffer.concat([writeCommand(1, ping), writeCommand(2, ping), writeCommand(3, ping)])
    const ids = [...stream].flatMap((byte) =>
      cut(Buffer.from([byte])).map((message) => readMessage(message).id),
    )
    expect(ids).toEqual([1, 2, 3])
    expect(messageCutter()(stream).map((message) => readMessage(message).id)).toEqual([1, 2, 3])
  })

  test('have documents of other sections in their place in the command', () => {
    const documents = Buffer.concat([encode({ _id: 1 }), encode({ _id: 2 })])
    const message = writeCommand(7, encode({ insert: 'c', $db: 'd' }), { documents })
    expect(decode(readMessage(message).body)).toEqual({
      insert: 'c',
      $db: 'd',
      documents: [{ _id: 1 }, { _id: 2 }],
    })
  })

  test('that are too long, too short or of another protocol end the connection', () => {
    expect(() => messageCutter()(Buffer.from([255, 255, 255, 127, 0]))).toThrow(WireError)
    expect(() => messageCutter()(Buffer.from([4, 0, 0, 0]))).toThrow(WireError)
    const other = writeCommand(1, ping)
    other.writeInt32LE(2012, 12)
    expect(() => readMessage(other)).toThrow(WireError)
  })

  test('whose section says it is longer than the message are refused', () => {
    const message = writeCommand(1, ping)
    message.writeInt32LE(ping.length + 1, 21)
    expect(() => readMessage(message)).toThrow(WireError)
  })

  test('are answered in the form they came in', () => {
    const body = encode({ ok: 1 })
    const msg = writeReply(9, { id: 4, kind: 'msg' }, body)
    expect([msg.readInt32LE(0), msg.readInt32LE(4), msg.readInt32LE(8), msg.readInt32LE(12)]).toEqual([
      21 + body.length,
      9,
      4,
      2013,
    ])
    expect(decode(msg.subarray(21))).toEqual({ ok: 1 })
    const query = writeReply(9, { id: 4, kind: 'query' }, body)
    expect([query.readInt32LE(12), query.readInt32LE(32)]).toEqual([1, 1])
    expect(decode(query.subarray(36))).toEqual({ ok: 1 })
  })
})

describe('documents as bytes', () => {
  const all = encode({
    double: 1.5,
    string: 'a\0b',
    document: { a: 1 },
    array: [1, 'x'],
    bytes: Buffer.from('abc'),
    boolean: true,
    date: new Date(0),
    nothing: null,
    pattern: /a.c/i,
    int: 7,
    long: 2n ** 40n,
  })

  test('are taken apart and put together without a change', () => {
    const fields = fieldsOf(all)
    expect(fields.map(({ name }) => name)).toEqual([
      'double',
      'string',
      'document',
      'array',
      'bytes',
      'boolean',
      'date',
      'nothing',
      'pattern',
      'int',
      'long',
    ])
    expect(documentOf(fields.map(({ bytes }) => bytes)).equals(all)).toBe(true)
  })

  test('that are cut off anywhere are refused', () => {
    for (let length = 0; length < all.length; length++) {
      const cut = Buffer.from(all.subarray(0, length))
      if (length >= 4) cut.writeInt32LE(length, 0)
      expect(() => {
        if (fieldsOf(cut).length < 11) throw new RangeError('fewer elements')
      }).toThrow(RangeError)
    }
    expect(() => documentsIn(all.subarray(0, all.length - 1))).toThrow(RangeError)
  })
})
