import { X509Certificate } from 'node:crypto'
import { readText } from './values.ts'

/** A file of certificates. `notAfter` is the end of the one that ends first, epoch ms. */
export type Certificate =
  | { readonly file: string; readonly notAfter: number }
  | { readonly file: string; readonly fault: string }

const block = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

const readEnd = (pem: string): number => {
  try {
    return Date.parse(new X509Certificate(pem).validTo)
  } catch {
    return Number.NaN
  }
}

const parseCertificate = (file: string, lines: readonly string[]): Certificate => {
  if (lines[0] === 'unreadable') return { file, fault: 'it cannot be read' }
  const ends = (lines.join('\n').match(block) ?? []).map(readEnd)
  if (ends.length === 0) return { file, fault: 'there is no certificate in it' }
  return ends.some(Number.isNaN)
    ? { file, fault: 'what is in it is no certificate' }
    : { file, notAfter: Math.min(...ends) }
}

/** Reads the section `certificates`: a line `file NAME`, then what is in it. */
export const parseCertificates = (lines: readonly string[]): readonly Certificate[] => {
  const starts = lines.flatMap((line, i) => (line.startsWith('file ') ? [i] : []))
  return starts.map((at, i) =>
    parseCertificate(readText(lines[at]?.slice('file '.length)), lines.slice(at + 1, starts[i + 1])),
  )
}
